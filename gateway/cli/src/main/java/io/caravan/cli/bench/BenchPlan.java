package io.caravan.cli.bench;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import java.time.Duration;
import java.util.List;

/**
 * What to measure: {@code caravan.bench}.
 *
 * @param promptTokenCount of each sequence
 * @param promptPeriod tokens after which a prompt repeats itself
 * @param completionTokenCount of each sequence
 * @param batches sequences at a time, one measurement for each
 * @param repetitions how often each is measured; the median of their prefill rates counts, and of the rest the repetition
 *     with the median decode rate
 * @param seed of the random prompts
 * @param timeout longest wait for one measurement
 */
public record BenchPlan(
        int promptTokenCount,
        int promptPeriod,
        int completionTokenCount,
        List<Integer> batches,
        int repetitions,
        long seed,
        Duration timeout) {

    public BenchPlan {
        require(promptTokenCount >= 1, "-p must be at least 1, not " + promptTokenCount);
        require(promptPeriod >= 1, "prompt-period must be at least 0, not " + promptPeriod);
        require(completionTokenCount >= 1, "-n must be at least 1, not " + completionTokenCount);
        require(!batches.isEmpty() && batches.stream().allMatch(b -> b >= 1), "-b needs numbers of at least 1");
        require(repetitions >= 1, "-r must be at least 1, not " + repetitions);
        batches = List.copyOf(batches);
    }

    /** Parses the key {@code caravan.bench} of {@code config}. */
    public static BenchPlan from(Config config) {
        var bench = config.getConfig("caravan.bench");
        int promptTokens = bench.getInt("prompt-tokens");
        int period = bench.getInt("prompt-period");
        return new BenchPlan(
                promptTokens,
                period == 0 ? promptTokens : period,
                bench.getInt("completion-tokens"),
                bench.getIntList("batches"),
                bench.getInt("repetitions"),
                bench.getLong("seed"),
                bench.getDuration("timeout"));
    }

    /** The same plan with prompts of another length. */
    public BenchPlan withPromptTokens(int promptTokenCount) {
        int period = promptPeriod == this.promptTokenCount ? promptTokenCount : promptPeriod;
        return new BenchPlan(promptTokenCount, period, completionTokenCount, batches, repetitions, seed, timeout);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new CliException(message);
        }
    }
}
