package io.caravan.cli.verbs;

import io.caravan.cli.CliException;
import io.caravan.cli.cluster.Completion;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The likeliest continuation of a prompt, in token ids. */
@Command(name = "generate", description = "Print the token ids that greedy decoding appends to a prompt.")
public final class GenerateVerb extends PortingVerb {
    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "24",
            description = "How many tokens (default: ${DEFAULT-VALUE}); an end token does not end them.")
    private int count;

    @Override
    int completionTokenCount() {
        if (count < 1) {
            throw new CliException("--max-tokens must be at least 1, not " + count);
        }
        return count;
    }

    @Override
    boolean withLogits() {
        return false;
    }

    @Override
    void print(Completion completion) {
        System.out.println(completion.tokens().stream()
                .map(choice -> Integer.toString(choice.token()))
                .collect(Collectors.joining(",")));
    }
}
