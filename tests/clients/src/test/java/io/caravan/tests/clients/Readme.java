package io.caravan.tests.clients;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The README's examples, letter for letter. */
record Readme(String text) {
    private static final Pattern BLOCK = Pattern.compile("^```\\w*\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    static Readme read(Path file) {
        try {
            return new Readme(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The one fenced block that begins with {@code first}. */
    String block(String first) {
        Matcher blocks = BLOCK.matcher(text);
        while (blocks.find()) {
            if (blocks.group(1).startsWith(first)) {
                return blocks.group(1);
            }
        }
        throw new AssertionError("the README has no example that begins with " + first);
    }
}
