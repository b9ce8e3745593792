package io.caravan.cli.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.caravan.proto.actor.PipelineStatus;
import java.util.ArrayList;
import java.util.List;

/**
 * What was measured for one batch size. A figure that cannot be told (as the decode rate of one token) is NaN.
 *
 * @param prefillTokensPerSecond all prompts together, submitted at once
 * @param decodeTokensPerSecond all sequences together, once the last one has its first token
 * @param ttftP50Ms from submission to the first token, all prompts submitted at once
 * @param itlP50Ms from one token of a sequence to the next; those that come in one step share its time equally
 * @param preemptions sequences whose blocks were taken back while measuring: above 0 the KV pool is too small
 * @param draftedTokens guessed and verified while measuring
 * @param acceptedTokens of these that were right
 */
public record BenchResult(
        int batch,
        int promptTokens,
        int completionTokens,
        @JsonProperty("prefill_tokens_per_second") double prefillTokensPerSecond,
        @JsonProperty("decode_tokens_per_second") double decodeTokensPerSecond,
        @JsonProperty("ttft_p50_ms") double ttftP50Ms,
        @JsonProperty("itl_p50_ms") double itlP50Ms,
        @JsonProperty("itl_p99_ms") double itlP99Ms,
        long preemptions,
        long draftedTokens,
        long acceptedTokens,
        List<Stage> stages) {

    public BenchResult {
        stages = List.copyOf(stages);
    }

    /** The same, with the rate at which all runs' prompts were taken in, their median: it belongs to another run than decode's. */
    BenchResult withPrefill(double tokensPerSecond) {
        return new BenchResult(
                batch,
                promptTokens,
                completionTokens,
                tokensPerSecond,
                decodeTokensPerSecond,
                ttftP50Ms,
                itlP50Ms,
                itlP99Ms,
                preemptions,
                draftedTokens,
                acceptedTokens,
                stages);
    }

    /**
     * One stage's part.
     *
     * @param busyShare of the time while plans were in flight, that its kernels ran
     * @param bubbleShare of that time, that it had nothing to do; NaN where nothing was counted
     */
    public record Stage(
            int stage,
            String layers,
            String worker,
            String kernels,
            double busyShare,
            double bubbleShare,
            @JsonProperty("hop_p50_us") double hopP50Us,
            @JsonProperty("hop_p99_us") double hopP99Us) {}

    /** What each stage did between two looks at the pipeline. */
    static List<Stage> stagesBetween(PipelineStatus before, PipelineStatus after) {
        var stages = new ArrayList<Stage>();
        for (PipelineStatus.Stage stage : after.stages()) {
            long busyNs = stage.busyNs();
            long idleNs = stage.idleNs();
            if (before.epoch() == after.epoch()) {
                var earlier = before.stages().get(stage.index());
                busyNs -= earlier.busyNs();
                idleNs -= earlier.idleNs();
            }
            double totalNs = busyNs + idleNs;
            stages.add(new Stage(
                    stage.index(),
                    stage.layers().toString(),
                    stage.worker(),
                    stage.kernels(),
                    totalNs > 0 ? busyNs / totalNs : Double.NaN,
                    totalNs > 0 ? idleNs / totalNs : Double.NaN,
                    stage.hopP50Ns() / 1e3,
                    stage.hopP99Ns() / 1e3));
        }
        return stages;
    }
}
