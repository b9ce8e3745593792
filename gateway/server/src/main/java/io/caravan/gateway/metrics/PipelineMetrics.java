package io.caravan.gateway.metrics;

import io.caravan.proto.actor.PipelineStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The figures that the pipeline tells of itself, as of its last status. */
public final class PipelineMetrics {
    private static final double NS_PER_SECOND = 1e9;

    private final Tags tags;
    private final MultiGauge busy;
    private final MultiGauge bubble;
    private final MultiGauge hops;
    private final MultiGauge infos;
    private volatile List<PipelineStatus> last = List.of();

    /**
     * Shows them in {@code registry}.
     *
     * @param prefixes of the names that figures have which other servers know too
     */
    public PipelineMetrics(PrometheusMeterRegistry registry, List<String> prefixes, Tags tags) {
        this.tags = tags;
        for (String prefix : prefixes) {
            gauge(registry, prefix + "num_requests_running", "Sequences in the batch", PipelineStatus::running);
            gauge(registry, prefix + "num_requests_waiting", "Sequences that wait", PipelineStatus::waiting);
            gauge(
                    registry,
                    prefix + "kv_cache_usage_perc",
                    "Used share of the KV blocks, 0 to 1",
                    status ->
                            status.kvBlocksTotal() == 0 ? 0 : (double) status.kvBlocksUsed() / status.kvBlocksTotal());
            counter(
                    registry,
                    prefix + "num_preemptions",
                    "Sequences that gave their blocks back",
                    status -> status.preemptions());
            drafts(registry, prefix + "spec_decode_num_draft_tokens", prefix + "spec_decode_num_accepted_tokens");
        }
        drafts(registry, "caravan_speculative_drafted_tokens", "caravan_speculative_accepted_tokens");
        gauge(registry, "caravan_pipeline_serving", "1 while tokens come out", status -> status.serving() ? 1 : 0);
        gauge(registry, "caravan_epoch", "Number of the placement", PipelineStatus::epoch);
        gauge(
                registry,
                "caravan_last_pause_seconds",
                "From the last loss of a stage until plans ran again",
                status -> status.lastPauseNs() / NS_PER_SECOND);
        gauge(
                registry,
                "caravan_workers",
                "Workers that are there",
                status -> status.workers().size());
        counter(registry, "caravan_recoveries", "Lost stages that were replaced", PipelineStatus::recoveries);
        counter(registry, "caravan_steps", "Steps that the pipeline ran", PipelineStatus::stepCount);
        this.busy = stages(registry, "caravan_stage_busy_seconds", "Time that a stage's kernels ran in this epoch");
        this.bubble = stages(
                registry, "caravan_stage_bubble_seconds", "Time that a stage was idle beside work in this epoch");
        this.hops = stages(registry, "caravan_stage_hop_seconds", "Way of the frames to a stage, lately");
        this.infos = stages(registry, "caravan_stage", "1, with the layers and kernels of a stage");
    }

    /** Shows {@code status} from now on; none, when the pipeline does not answer. */
    public void update(List<PipelineStatus> status) {
        last = List.copyOf(status);
        List<PipelineStatus.Stage> stages =
                status.stream().flatMap(each -> each.stages().stream()).toList();
        busy.register(rows(stages, PipelineStatus.Stage::busyNs), true);
        bubble.register(rows(stages, PipelineStatus.Stage::idleNs), true);
        List<MultiGauge.Row<?>> hopRows = new ArrayList<>();
        for (PipelineStatus.Stage stage : stages) {
            hopRows.add(row(stage, Tags.of("quantile", "0.5"), stage.hopP50Ns()));
            hopRows.add(row(stage, Tags.of("quantile", "0.99"), stage.hopP99Ns()));
        }
        hops.register(hopRows, true);
        infos.register(infos(stages), true);
    }

    private static List<MultiGauge.Row<?>> infos(List<PipelineStatus.Stage> stages) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        stages.forEach(stage -> rows.add(info(stage)));
        return rows;
    }

    private static MultiGauge.Row<?> info(PipelineStatus.Stage stage) {
        return MultiGauge.Row.of(
                Tags.of(
                        "stage",
                        Integer.toString(stage.index()),
                        "layers",
                        stage.layers().first() + "-" + (stage.layers().end() - 1),
                        "kernels",
                        stage.kernels()),
                1);
    }

    private List<MultiGauge.Row<?>> rows(
            List<PipelineStatus.Stage> stages, ToDoubleFunction<PipelineStatus.Stage> nanos) {
        List<MultiGauge.Row<?>> rows = new ArrayList<>();
        stages.forEach(stage -> rows.add(row(stage, Tags.empty(), nanos.applyAsDouble(stage))));
        return rows;
    }

    private static MultiGauge.Row<Number> row(PipelineStatus.Stage stage, Tags more, double nanos) {
        return MultiGauge.Row.of(
                Tags.of("stage", Integer.toString(stage.index())).and(more), nanos / NS_PER_SECOND);
    }

    private MultiGauge stages(PrometheusMeterRegistry registry, String name, String description) {
        return MultiGauge.builder(name).description(description).tags(tags).register(registry);
    }

    private void drafts(PrometheusMeterRegistry registry, String drafted, String accepted) {
        counter(registry, drafted, "Tokens that were guessed and verified", PipelineStatus::draftedTokens);
        counter(registry, accepted, "Guessed tokens that were right", PipelineStatus::acceptedTokens);
    }

    private void gauge(
            PrometheusMeterRegistry registry, String name, String description, ToDoubleFunction<PipelineStatus> value) {
        Gauge.builder(name, this, each -> each.figure(value))
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private void counter(
            PrometheusMeterRegistry registry, String name, String description, ToDoubleFunction<PipelineStatus> value) {
        FunctionCounter.builder(name, this, each -> each.figure(value))
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private double figure(ToDoubleFunction<PipelineStatus> value) {
        List<PipelineStatus> status = last;
        return status.isEmpty() ? 0 : value.applyAsDouble(status.getFirst());
    }
}
