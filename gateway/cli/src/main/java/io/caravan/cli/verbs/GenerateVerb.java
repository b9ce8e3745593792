package io.caravan.cli.verbs;

import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The likeliest continuation of a prompt, in token ids. */
@Command(name = "generate", description = "Print the token ids that greedy decoding appends to a prompt.")
public final class GenerateVerb extends Verb {
    @Mixin
    private PortingFlags porting;

    @Mixin
    private LocalFlags local;

    @Mixin
    private PipelineFlags pipeline;

    @Mixin
    private ComputeFlags compute;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "24",
            description = "How many tokens (default: ${DEFAULT-VALUE}); an end token does not end them.")
    private int count;

    @Override
    public Integer call() {
        var config = settings(PortingRun.PRESETS);
        logToFile("generate");
        var completion = PortingRun.run(
                config,
                ModelArgument.directory(config),
                porting.ids(),
                count,
                porting.processes(),
                false,
                home(),
                workerArguments(compute));
        System.out.println(completion.tokens().stream()
                .map(choice -> Integer.toString(choice.token()))
                .collect(Collectors.joining(",")));
        return OK;
    }
}
