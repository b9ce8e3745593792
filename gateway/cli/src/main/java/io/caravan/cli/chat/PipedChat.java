package io.caravan.cli.chat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A conversation without a terminal: each line of input is said, each answer ends with a line break. */
public final class PipedChat {
    private PipedChat() {}

    /** Goes on until {@code input} ends. */
    public static void run(Conversation conversation, InputStream input, PrintStream output) {
        try (var lines = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    conversation.say(line.strip(), piece -> {
                        output.print(piece);
                        output.flush();
                    });
                    output.println();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
