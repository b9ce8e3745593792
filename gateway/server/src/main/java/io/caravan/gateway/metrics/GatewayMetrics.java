package io.caravan.gateway.metrics;

import io.caravan.gateway.generation.GenerationObserver;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;

/** Counts of requests and tokens and how long they took, under every name that they are known by. */
public final class GatewayMetrics implements GenerationObserver {
    private static final double NS_PER_SECOND = 1e9;
    private static final double[] TTFT_SECONDS = {
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640
    };
    private static final double[] ITL_SECONDS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 20, 40
    };
    private static final double[] E2E_SECONDS = {
        0.05, 0.1, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960
    };
    private static final double[] TOKENS = {
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000
    };

    private final PrometheusMeterRegistry registry;
    private final List<String> prefixes;
    private final Tags tags;
    private final List<Counter> promptTokens;
    private final List<Counter> completionTokens;
    private final List<DistributionSummary> ttft;
    private final List<DistributionSummary> itl;
    private final List<DistributionSummary> e2e;
    private final List<DistributionSummary> promptSizes;
    private final List<DistributionSummary> completionSizes;

    /**
     * Counts into {@code registry}.
     *
     * @param prefixes of the names that each figure has
     * @param tags on all of them
     */
    public GatewayMetrics(PrometheusMeterRegistry registry, List<String> prefixes, Tags tags) {
        this.registry = registry;
        this.prefixes = List.copyOf(prefixes);
        this.tags = tags;
        this.promptTokens = counters("prompt_tokens", "Prompt tokens taken", tags);
        this.completionTokens = counters("generation_tokens", "Completion tokens sent", tags);
        this.ttft = summaries("time_to_first_token_seconds", "From request to first token", TTFT_SECONDS);
        this.itl = summaries("inter_token_latency_seconds", "Between two tokens of a stream", ITL_SECONDS);
        this.e2e = summaries("e2e_request_latency_seconds", "From request to last token", E2E_SECONDS);
        this.promptSizes = summaries("request_prompt_tokens", "Prompt tokens of a request", TOKENS);
        this.completionSizes = summaries("request_generation_tokens", "Completion tokens of a request", TOKENS);
    }

    @Override
    public void began(int promptTokenCount) {
        promptTokens.forEach(each -> each.increment(promptTokenCount));
    }

    @Override
    public void firstToken(long sinceBeginNs) {
        completionTokens.forEach(Counter::increment);
        ttft.forEach(each -> each.record(sinceBeginNs / NS_PER_SECOND));
    }

    @Override
    public void moreTokens(int count, long sinceLastNs) {
        completionTokens.forEach(each -> each.increment(count));
        for (int i = 0; i < count; i++) {
            itl.forEach(each -> each.record(sinceLastNs / NS_PER_SECOND / count));
        }
    }

    @Override
    public void ended(String outcome, int promptTokenCount, int completionTokenCount, long sinceBeginNs) {
        counters("request_success", "Requests that ended, by how", tags.and("finished_reason", outcome))
                .forEach(Counter::increment);
        e2e.forEach(each -> each.record(sinceBeginNs / NS_PER_SECOND));
        promptSizes.forEach(each -> each.record(promptTokenCount));
        completionSizes.forEach(each -> each.record(completionTokenCount));
    }

    private List<Counter> counters(String name, String description, Tags with) {
        return prefixes.stream()
                .map(prefix -> Counter.builder(prefix + name)
                        .description(description)
                        .tags(with)
                        .register(registry))
                .toList();
    }

    private List<DistributionSummary> summaries(String name, String description, double[] buckets) {
        return prefixes.stream()
                .map(prefix -> DistributionSummary.builder(prefix + name)
                        .description(description)
                        .tags(tags)
                        .serviceLevelObjectives(buckets)
                        .register(registry))
                .toList();
    }
}
