package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.Progress;
import io.caravan.cli.cluster.Completion;
import io.caravan.cli.cluster.LocalCluster;
import io.caravan.cli.cluster.LocalSettings;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.home.CaravanHome;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Runs one sequence of token ids through a real pipeline, exactly: greedy, with keys and values in F32. */
final class PortingRun {
    private PortingRun() {}

    /** What verbs of this kind preset. */
    static final Map<String, ?> PRESETS = Map.of("caravan.pipeline.kv.type", "f32", "caravan.local.workers", 0);

    /**
     * Continues {@code ids} by {@code count} tokens.
     *
     * @param processes whether each stage gets a worker process of its own
     * @param logits whether the tokens carry the logits that they were chosen from
     */
    static Completion run(
            Config config,
            Path directory,
            List<Integer> ids,
            int count,
            boolean processes,
            boolean logits,
            CaravanHome home,
            List<String> workerArguments) {
        int stages = Math.max(1, config.getInt("caravan.pipeline.stages"));
        int workers = processes ? stages : config.getInt("caravan.local.workers");
        var whole = ConfigFactory.parseMap(Map.of(
                        "caravan.pipeline.stages", stages,
                        "caravan.local.workers", workers,
                        "caravan.local.restart", false))
                .withFallback(config);
        var local = LocalSettings.from(whole, Runtime.getRuntime().availableProcessors());
        Duration timeout = config.getDuration("caravan.bench.timeout");
        try (var shutdown = new Shutdown()) {
            var cluster = shutdown.add(LocalCluster.start(whole, directory, local, workerArguments, home.logs()));
            int vocabSize = cluster.host().model().spec().vocabSize();
            for (int id : ids) {
                if (id < 0 || id >= vocabSize) {
                    throw new CliException("token " + id + " is not in this model's vocabulary of " + vocabSize);
                }
            }
            cluster.awaitServing(Progress.onStandardError());
            return cluster.client()
                    .run(
                            new SequenceRequest(
                                    new SplittableRandom().nextLong(),
                                    TokenIds.of(ids.stream()
                                            .mapToInt(Integer::intValue)
                                            .toArray()),
                                    TokenIds.EMPTY,
                                    count,
                                    TokenIds.EMPTY,
                                    Sampling.GREEDY,
                                    timeout,
                                    logits),
                            timeout);
        }
    }
}
