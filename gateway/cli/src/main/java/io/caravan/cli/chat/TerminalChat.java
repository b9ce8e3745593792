package io.caravan.cli.chat;

import io.caravan.cli.CliException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/** A conversation at a terminal, with line editing, history, and Ctrl-C that stops an answer. */
public final class TerminalChat {
    private static final String HELP = """
            /clear   begin a new conversation
            /help    this
            /exit    leave (Ctrl-D does too; Ctrl-C stops an answer, twice at the prompt it leaves)""";

    private final Conversation conversation;
    private final Terminal terminal;
    private final LineReader reader;
    private boolean interruptedBefore;

    private TerminalChat(Conversation conversation, Terminal terminal, Path history) {
        this.conversation = conversation;
        this.terminal = terminal;
        this.reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .variable(LineReader.HISTORY_FILE, history)
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .build();
    }

    /** Goes on until the person leaves. */
    public static void run(Conversation conversation, Path history, String greeting) {
        try (Terminal terminal = TerminalBuilder.builder()
                .system(true)
                .nativeSignals(true)
                .encoding(StandardCharsets.UTF_8)
                .build()) {
            terminal.writer().println(greeting);
            terminal.handle(Terminal.Signal.INT, signal -> conversation.cancelAnswer());
            new TerminalChat(conversation, terminal, history).loop();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void loop() {
        var prompt = new AttributedStringBuilder()
                .style(AttributedStyle.DEFAULT.bold().foreground(AttributedStyle.CYAN))
                .append("you> ")
                .style(AttributedStyle.DEFAULT)
                .toAnsi(terminal);
        while (true) {
            try {
                String line = reader.readLine(prompt).strip();
                interruptedBefore = false;
                if (!act(line)) {
                    return;
                }
            } catch (UserInterruptException ctrlC) {
                if (interruptedBefore) {
                    return;
                }
                interruptedBefore = true;
                print("(Ctrl-C once more, Ctrl-D or /exit leaves)");
            } catch (EndOfFileException ctrlD) {
                return;
            }
        }
    }

    /** Does what {@code line} asks; false ends the conversation. */
    private boolean act(String line) {
        switch (line) {
            case "" -> {}
            case "/exit", "/quit", "/bye" -> {
                return false;
            }
            case "/help", "/?" -> print(HELP);
            case "/clear", "/new" -> {
                conversation.forget();
                print("A new conversation.");
            }
            default -> {
                if (line.startsWith("/")) {
                    print("There is no command " + line + "; /help lists them.");
                } else {
                    answer(line);
                }
            }
        }
        return true;
    }

    private void answer(String line) {
        try {
            conversation.say(line, piece -> {
                terminal.writer().print(piece);
                terminal.writer().flush();
            });
            terminal.writer().println();
        } catch (CliException failed) {
            print(failed.getMessage());
        }
        terminal.writer().flush();
    }

    private void print(String text) {
        terminal.writer().println(text);
        terminal.writer().flush();
    }
}
