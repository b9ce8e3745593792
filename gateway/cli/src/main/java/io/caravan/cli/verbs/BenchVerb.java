package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.Progress;
import io.caravan.cli.Version;
import io.caravan.cli.bench.Bench;
import io.caravan.cli.bench.BenchPlan;
import io.caravan.cli.bench.BenchReport;
import io.caravan.cli.bench.Machine;
import io.caravan.cli.cluster.LocalCluster;
import io.caravan.cli.cluster.LocalSettings;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.config.Setting;
import io.caravan.proto.model.TensorType;
import io.caravan.scheduler.actor.PipelineSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** How fast a model runs here. */
@Command(name = "bench", description = "Measure prefill, decode, latencies, and how busy each stage is.")
public final class BenchVerb extends Verb {
    private static final int LEAST_PROMPT_TOKENS = 16;

    @Setting(key = "caravan.model", env = "CARAVAN_MODEL")
    @Parameters(
            paramLabel = "MODEL",
            arity = "0..1",
            description =
                    "Folder of a checkpoint, a GGUF file, or a shape as 1b: a random model of it is written. [CARAVAN_MODEL]")
    private String model;

    @Setting(key = "caravan.bench.prompt-tokens", env = "CARAVAN_BENCH_PROMPT")
    @Option(names = "-p", paramLabel = "N", description = "Prompt tokens (512). [CARAVAN_BENCH_PROMPT]")
    private Integer promptTokens;

    @Setting(key = "caravan.bench.prompt-period", env = "CARAVAN_BENCH_PERIOD")
    @Option(
            names = "--period",
            paramLabel = "N",
            description = "Tokens after which a prompt repeats itself (0: never). [CARAVAN_BENCH_PERIOD]")
    private Integer promptPeriod;

    @Setting(key = "caravan.bench.completion-tokens", env = "CARAVAN_BENCH_TOKENS")
    @Option(names = "-n", paramLabel = "N", description = "Completion tokens (128). [CARAVAN_BENCH_TOKENS]")
    private Integer completionTokens;

    @Setting(key = "caravan.bench.batches", env = "CARAVAN_BENCH_BATCHES")
    @Option(
            names = "-b",
            paramLabel = "N",
            split = ",",
            description = "Sequences at a time, as 1,4,16 (1). [CARAVAN_BENCH_BATCHES]")
    private List<Integer> batches;

    @Setting(key = "caravan.bench.repetitions", env = "CARAVAN_BENCH_REPETITIONS")
    @Option(names = "-r", paramLabel = "N", description = "Repetitions of each (1). [CARAVAN_BENCH_REPETITIONS]")
    private Integer repetitions;

    @Setting(key = "caravan.bench.output", env = "CARAVAN_BENCH_OUTPUT")
    @Option(names = "-o", paramLabel = "table|json", description = "What to print (table). [CARAVAN_BENCH_OUTPUT]")
    private Output output;

    @Mixin
    private LocalFlags local;

    @Mixin
    private PipelineFlags pipeline;

    @Mixin
    private ComputeFlags compute;

    enum Output {
        TABLE,
        JSON
    }

    @Override
    public Integer call() {
        var config = settings(Map.of("caravan.local.workers", 0, "caravan.local.restart", false));
        pipeline.check(config);
        var format = output(config.getString("caravan.bench.output"));
        var wanted = BenchPlan.from(config);
        var settings = LocalSettings.from(config, Runtime.getRuntime().availableProcessors());
        var progress = Progress.onStandardError();
        var directory = directory(config, progress);
        logToFile();
        try (var shutdown = new Shutdown()) {
            progress.say("Loading " + directory.getFileName() + " ...");
            var cluster =
                    shutdown.add(LocalCluster.start(config, directory, settings, workerArguments(), home().logs()));
            cluster.awaitServing(progress);
            var spec = cluster.host().model().spec();
            var plan = fitted(wanted, cluster.client().status().maxSequenceTokens(), progress);
            var results = new Bench(cluster.client(), plan, spec.vocabSize(), progress).run();
            var report = new BenchReport(
                    Version.current(),
                    spec.name(),
                    spec.parameterCount(),
                    PipelineSettings.from(config)
                            .precision()
                            .weights()
                            .of(spec.weightType())
                            .name(),
                    settings.workers(),
                    settings.threads(),
                    Machine.here(),
                    results);
            System.out.print(
                    switch (format) {
                        case TABLE -> report.table();
                        case JSON -> report.json() + System.lineSeparator();
                    });
        }
        return OK;
    }

    /** Where nobody asked for a length, one that the model takes. */
    private BenchPlan fitted(BenchPlan plan, int longest, Progress progress) {
        if (promptTokens != null || plan.promptTokenCount() + plan.completionTokenCount() <= longest) {
            return plan;
        }
        int fitting = Math.max(LEAST_PROMPT_TOKENS, longest - plan.completionTokenCount());
        progress.say("The model takes %d tokens in all: the prompts are %d long.".formatted(longest, fitting));
        return plan.withPromptTokens(fitting);
    }

    /** The model's folder or file; a shape is written into the user's folder of models, once. */
    private static Path directory(Config config, Progress progress) {
        String named = config.getString("caravan.model");
        if (named.isBlank() || named.contains("/") || Files.exists(Path.of(named))) {
            return ModelArgument.directory(config);
        }
        var spec = SynthVerb.shape(named, TensorType.BF16);
        long seed = config.getLong("caravan.bench.seed");
        var directory =
                home().models().resolve("synthetic-" + named.replace('=', '-').replace(',', '_') + "-" + seed);
        if (!Files.exists(directory.resolve("config.json"))) {
            SynthVerb.write(spec, directory, seed, progress);
        }
        return directory;
    }

    private static Output output(String name) {
        for (Output each : Output.values()) {
            if (each.name().equalsIgnoreCase(name)) {
                return each;
            }
        }
        throw new CliException("--output must be table or json, not " + name);
    }
}
