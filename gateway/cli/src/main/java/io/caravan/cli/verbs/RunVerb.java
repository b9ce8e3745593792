package io.caravan.cli.verbs;

import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.config.Setting;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One question and its answer. */
@Command(name = "run", description = "Ask one question and print the answer.")
public final class RunVerb extends Verb {
    @Parameters(paramLabel = "PROMPT", description = "What to ask.")
    private String prompt;

    @Setting(key = "caravan.model", env = "CARAVAN_MODEL")
    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description = "Folder of a checkpoint, or the name of a model that runs. [CARAVAN_MODEL]")
    private String model;

    @Mixin
    private ClientFlags client;

    @Mixin
    private AnswerFlags answer;

    @Mixin
    private LocalFlags local;

    @Mixin
    private PipelineFlags pipeline;

    @Mixin
    private ComputeFlags compute;

    @Override
    public Integer call() {
        var config = settings(Map.of());
        logToFile("run");
        try (var shutdown = new Shutdown()) {
            var conversation = Talking.open("run", config, home(), workerArguments(compute), shutdown);
            conversation.say(prompt, piece -> {
                System.out.print(piece);
                System.out.flush();
            });
            System.out.println();
        }
        return OK;
    }
}
