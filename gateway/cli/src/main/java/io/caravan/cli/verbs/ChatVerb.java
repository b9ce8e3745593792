package io.caravan.cli.verbs;

import io.caravan.cli.chat.Conversation;
import io.caravan.cli.chat.PipedChat;
import io.caravan.cli.chat.TerminalChat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** A conversation at the terminal. */
@Command(
        name = "chat",
        description = "Talk to a model: to the gateway that runs here, or to a local cluster brought up for the talk.")
public final class ChatVerb extends TalkingVerb {
    private static final String GREETING = "Ask something; /help lists what else there is, Ctrl-D leaves.";

    @Mixin
    private ModelArgument model;

    @Override
    void talk(Conversation conversation) {
        var console = System.console();
        if (console != null && console.isTerminal()) {
            TerminalChat.run(conversation, home().chatHistory(), GREETING);
        } else {
            PipedChat.run(conversation, System.in, System.out);
        }
    }
}
