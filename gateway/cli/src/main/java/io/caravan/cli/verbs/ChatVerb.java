package io.caravan.cli.verbs;

import io.caravan.cli.chat.PipedChat;
import io.caravan.cli.chat.TerminalChat;
import io.caravan.cli.cluster.Shutdown;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A conversation at the terminal. */
@Command(
        name = "chat",
        description = "Talk to a model: to the gateway that runs here, or to a local cluster brought up for the talk.")
public final class ChatVerb extends Verb {
    private static final String GREETING = "Ask something; /help lists what else there is, Ctrl-D leaves.";

    @Mixin
    private ModelArgument model;

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
        logToFile("chat");
        try (var shutdown = new Shutdown()) {
            var conversation = Talking.open("chat", config, home(), workerArguments(compute), shutdown);
            var console = System.console();
            if (console != null && console.isTerminal()) {
                TerminalChat.run(conversation, home().chatHistory(), GREETING);
            } else {
                PipedChat.run(conversation, System.in, System.out);
            }
        }
        return OK;
    }
}
