package io.caravan.cli.bench;

import io.caravan.cli.CliException;
import io.caravan.cli.Progress;
import io.caravan.cli.cluster.Completion;
import io.caravan.cli.cluster.SequenceClient;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * Measures a running pipeline with sequences of random tokens that never end early.
 *
 * <p>Prefill is measured alone, with completions of one token. Decode is measured in a run of its own, from the moment
 * when the last sequence has its first token: until then, decoding shares its steps with the prompts of others.
 */
public final class Bench {
    private static final int WARM_UP_TOKENS = 16;

    private final SequenceClient client;
    private final BenchPlan plan;
    private final int vocabSize;
    private final Progress progress;
    private final SplittableRandom random;

    public Bench(SequenceClient client, BenchPlan plan, int vocabSize, Progress progress) {
        this.client = client;
        this.plan = plan;
        this.vocabSize = vocabSize;
        this.progress = progress;
        this.random = new SplittableRandom(plan.seed());
    }

    /** One result for each batch size of the plan. */
    public List<BenchResult> run() {
        int longest = client.status().maxSequenceTokens();
        int wanted = plan.promptTokenCount() + plan.completionTokenCount();
        if (wanted > longest) {
            throw new CliException(
                    "a prompt of %d and a completion of %d tokens are more than the %d that this model takes; try -p %d"
                            .formatted(
                                    plan.promptTokenCount(),
                                    plan.completionTokenCount(),
                                    longest,
                                    Math.max(1, longest - plan.completionTokenCount())));
        }
        progress.say("Warming up ...");
        sequences(1, Math.min(WARM_UP_TOKENS, plan.completionTokenCount()));
        return plan.batches().stream().map(this::measure).toList();
    }

    private BenchResult measure(int batch) {
        var repetitions = new ArrayList<BenchResult>();
        for (int i = 1; i <= plan.repetitions(); i++) {
            progress.say("Batch %d, run %d of %d: %d prompt and %d completion tokens ..."
                    .formatted(batch, i, plan.repetitions(), plan.promptTokenCount(), plan.completionTokenCount()));
            repetitions.add(measureOnce(batch));
        }
        repetitions.sort(Comparator.comparingDouble(BenchResult::prefillTokensPerSecond));
        double prefill = repetitions.get(repetitions.size() / 2).prefillTokensPerSecond();
        repetitions.sort(Comparator.comparingDouble(BenchResult::decodeTokensPerSecond));
        return repetitions.get(repetitions.size() / 2).withPrefill(prefill);
    }

    private BenchResult measureOnce(int batch) {
        var prefill = sequences(batch, 1);
        var before = client.status();
        var whole = sequences(batch, plan.completionTokenCount());
        var after = client.status();
        var itl = new Percentiles(gapsNs(whole));
        var ttft = new Percentiles(whole.stream()
                .mapToLong(each -> each.firstNs() - each.submittedNs())
                .toArray());
        return new BenchResult(
                batch,
                plan.promptTokenCount(),
                plan.completionTokenCount(),
                prefillRate(prefill),
                decodeRate(whole),
                ttft.of(50) / 1e6,
                itl.of(50) / 1e6,
                itl.of(99) / 1e6,
                after.preemptions() - before.preemptions(),
                after.draftedTokens() - before.draftedTokens(),
                after.acceptedTokens() - before.acceptedTokens(),
                BenchResult.stagesBetween(before, after));
    }

    private List<Completion> sequences(int batch, int completionTokenCount) {
        var requests = new ArrayList<SequenceRequest>();
        for (int i = 0; i < batch; i++) {
            int[] prompt = prompt();
            requests.add(new SequenceRequest(
                    random.nextLong(),
                    TokenIds.of(prompt),
                    TokenIds.EMPTY,
                    completionTokenCount,
                    TokenIds.EMPTY,
                    Sampling.GREEDY,
                    plan.timeout(),
                    false));
        }
        var completions = client.runAll(requests, plan.timeout());
        for (Completion each : completions) {
            if (each.tokens().size() != completionTokenCount) {
                throw new CliException("a sequence ended after %d of %d tokens (%s): nothing can be measured"
                        .formatted(each.tokens().size(), completionTokenCount, each.reason()));
            }
        }
        return completions;
    }

    /** Random tokens, which repeat themselves after the plan's period. */
    private int[] prompt() {
        int[] period = random.ints(plan.promptPeriod(), 0, vocabSize).toArray();
        int[] prompt = new int[plan.promptTokenCount()];
        Arrays.setAll(prompt, i -> period[i % period.length]);
        return prompt;
    }

    private double prefillRate(List<Completion> runs) {
        long startNs = runs.stream().mapToLong(Completion::submittedNs).min().orElseThrow();
        long endNs = runs.stream().mapToLong(Completion::firstNs).max().orElseThrow();
        return (double) plan.promptTokenCount() * runs.size() / (endNs - startNs) * 1e9;
    }

    static double decodeRate(List<Completion> runs) {
        long startNs = runs.stream().mapToLong(Completion::firstNs).max().orElseThrow();
        long endNs = runs.stream().mapToLong(Completion::lastNs).max().orElseThrow();
        long tokens = runs.stream()
                .flatMap(each -> each.arrivedNs().stream())
                .filter(at -> at > startNs)
                .count();
        return tokens == 0 ? Double.NaN : tokens * 1e9 / (endNs - startNs);
    }

    /**
     * For each token but those that came first, the time that it took: tokens that came together, as accepted guesses do, share
     * the time since those before equally.
     */
    static long[] gapsNs(List<Completion> runs) {
        return runs.stream().flatMapToLong(run -> gapsBetween(run.arrivedNs())).toArray();
    }

    private static LongStream gapsBetween(List<Long> arrivedNs) {
        var gaps = LongStream.builder();
        int first = together(arrivedNs, 0);
        while (first < arrivedNs.size()) {
            int count = together(arrivedNs, first);
            long gapNs = (arrivedNs.get(first) - arrivedNs.get(first - 1)) / count;
            for (int i = 0; i < count; i++) {
                gaps.add(gapNs);
            }
            first += count;
        }
        return gaps.build();
    }

    /** Tokens from {@code first} on that came at one time. */
    private static int together(List<Long> arrivedNs, int first) {
        int end = first;
        while (end < arrivedNs.size() && arrivedNs.get(end).equals(arrivedNs.get(first))) {
            end++;
        }
        return end - first;
    }
}
