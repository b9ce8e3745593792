package io.caravan.cli.verbs;

import io.caravan.cli.PythonFloat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The logits after a prompt, as the reference implementation prints them. */
@Command(name = "logits", description = "Print the logits of the position after a prompt, one a line.")
public final class LogitsVerb extends Verb {
    @Mixin
    private PortingFlags porting;

    @Mixin
    private LocalFlags local;

    @Mixin
    private PipelineFlags pipeline;

    @Mixin
    private ComputeFlags compute;

    @Override
    public Integer call() {
        var config = settings(PortingRun.PRESETS);
        logToFile("logits");
        var completion = PortingRun.run(
                config,
                ModelArgument.directory(config),
                porting.ids(),
                1,
                porting.processes(),
                true,
                home(),
                workerArguments(compute));
        var lines = new StringBuilder();
        for (float logit : completion.tokens().getFirst().logits()) {
            lines.append(PythonFloat.repr(logit)).append('\n');
        }
        System.out.print(lines);
        System.out.flush();
        return OK;
    }
}
