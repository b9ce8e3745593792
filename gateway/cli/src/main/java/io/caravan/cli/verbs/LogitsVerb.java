package io.caravan.cli.verbs;

import io.caravan.cli.PythonFloat;
import io.caravan.cli.cluster.Completion;
import picocli.CommandLine.Command;

/** The logits after a prompt, as the reference implementation prints them. */
@Command(name = "logits", description = "Print the logits of the position after a prompt, one a line.")
public final class LogitsVerb extends PortingVerb {

    @Override
    int completionTokenCount() {
        return 1;
    }

    @Override
    boolean withLogits() {
        return true;
    }

    @Override
    void print(Completion completion) {
        var lines = new StringBuilder();
        for (float logit : completion.tokens().getFirst().logits()) {
            lines.append(PythonFloat.repr(logit)).append('\n');
        }
        System.out.print(lines);
    }
}
