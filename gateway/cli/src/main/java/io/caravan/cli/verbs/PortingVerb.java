package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.caravan.cli.CliException;
import io.caravan.cli.Progress;
import io.caravan.cli.cluster.Completion;
import io.caravan.cli.cluster.LocalCluster;
import io.caravan.cli.cluster.LocalSettings;
import io.caravan.cli.cluster.SequenceClient;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.config.Setting;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * A verb for people who port models: runs one sequence of token ids through a real pipeline, exactly: greedy, with keys
 * and values in F32.
 */
abstract class PortingVerb extends Verb {
    /**
     * In a cluster of one, no write can wait for a member that died, and a coordinator of shards that keeps its state like
     * this begins at once; the other one begins half a second later, a time that is fixed in Pekko. And where one worker
     * takes all layers, nobody asks how fast it is.
     */
    private static final Config ALONE = ConfigFactory.parseString("""
            pekko.cluster.sharding.state-store-mode = ddata
            caravan.worker.bandwidth = 1 GiB
            """);

    @Setting(key = "caravan.model", env = "CARAVAN_MODEL")
    @Parameters(
            paramLabel = "MODEL_DIR",
            arity = "0..1",
            description = "Folder of a checkpoint; it needs no tokenizer. [CARAVAN_MODEL]")
    private Path model;

    @Option(names = "--ids", required = true, split = ",", paramLabel = "ID", description = "The prompt's token ids.")
    private List<Integer> ids;

    @Option(names = "--processes", description = "Run each stage in a worker process of its own.")
    private boolean processes;

    @Mixin
    private LocalFlags local;

    @Mixin
    private PipelineFlags pipeline;

    @Mixin
    private ComputeFlags compute;

    @Override
    public final Integer call() {
        var config = settings(Map.of("caravan.pipeline.kv.type", "f32", "caravan.local.workers", 0));
        pipeline.check(config);
        int stages = Math.max(1, config.getInt("caravan.pipeline.stages"));
        if (processes && given("local").contains("--workers")) {
            throw new CliException("--processes starts a worker for each stage: say --stages N in place of --workers");
        }
        int workers = processes ? stages : config.getInt("caravan.local.workers");
        var whole = ConfigFactory.parseMap(Map.of(
                        "caravan.pipeline.stages", stages,
                        "caravan.local.workers", workers,
                        "caravan.local.restart", false))
                .withFallback(workers == 0 ? ALONE.withFallback(config) : config);
        int count = completionTokenCount();
        logToFile();
        complete(whole, count);
        return OK;
    }

    /** Tokens to append to the prompt. */
    abstract int completionTokenCount();

    /** Whether each comes with the logits that it was chosen from. */
    abstract boolean withLogits();

    /** The result, on standard output. */
    abstract void print(Completion completion);

    /** Prints what comes out as soon as it is there: ending takes time too. */
    private void complete(Config config, int count) {
        var settings = LocalSettings.from(config, Runtime.getRuntime().availableProcessors());
        var timeout = config.getDuration("caravan.bench.timeout");
        try (var shutdown = new Shutdown()) {
            var cluster = shutdown.add(LocalCluster.start(
                    config, ModelArgument.directory(config), settings, workerArguments(), home().logs()));
            checkIds(cluster.host().model().spec().vocabSize());
            var request = new SequenceRequest(
                    new SplittableRandom().nextLong(),
                    TokenIds.of(ids.stream().mapToInt(Integer::intValue).toArray()),
                    TokenIds.EMPTY,
                    count,
                    TokenIds.EMPTY,
                    Sampling.GREEDY,
                    timeout,
                    withLogits());
            var outcome = cluster.client().submit(request);
            cluster.awaitServing(Progress.onStandardError());
            print(SequenceClient.await(outcome, timeout));
            System.out.flush();
        }
    }

    private void checkIds(int vocabSize) {
        for (int id : ids) {
            if (id < 0 || id >= vocabSize) {
                throw new CliException("token " + id + " is not in this model's vocabulary of " + vocabSize);
            }
        }
    }
}
