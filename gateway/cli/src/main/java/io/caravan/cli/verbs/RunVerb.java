package io.caravan.cli.verbs;

import io.caravan.cli.CliException;
import io.caravan.cli.chat.Conversation;
import io.caravan.cli.config.Setting;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One question and its answer. */
@Command(name = "run", description = "Ask one question and print the answer.")
public final class RunVerb extends TalkingVerb {
    @Parameters(paramLabel = "PROMPT", arity = "1..*", description = "What to ask.")
    private List<String> prompt;

    @Setting(key = "caravan.model", env = "CARAVAN_MODEL")
    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description = "Folder of a checkpoint, or the name of a model that runs. [CARAVAN_MODEL]")
    private String model;

    @Override
    void check() {
        if (String.join("", prompt).isBlank()) {
            throw new CliException("there is no question: PROMPT is empty");
        }
    }

    @Override
    void talk(Conversation conversation) {
        conversation.say(String.join(" ", prompt), piece -> {
            System.out.print(piece);
            System.out.flush();
        });
        System.out.println();
    }
}
