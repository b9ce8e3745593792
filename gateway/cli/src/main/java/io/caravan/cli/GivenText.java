package io.caravan.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Arguments and environment variables in UTF-8, whatever the locale. Java reads both in the locale's encoding; where that is
 * ASCII (LANG=C and no UTF-8 locale that the launcher could choose instead) every other letter is lost, but Linux still has the
 * bytes.
 */
public final class GivenText {
    private static final Path ARGUMENTS = Path.of("/proc/self/cmdline");
    private static final Path VARIABLES = Path.of("/proc/self/environ");

    private GivenText() {}

    /** {@code arguments} of the main class as they were typed. */
    static String[] arguments(String[] arguments) {
        var all = bytesKept() ? List.<String>of() : strings(ARGUMENTS);
        return all.size() <= arguments.length
                ? arguments
                : all.subList(all.size() - arguments.length, all.size()).toArray(String[]::new);
    }

    /** The environment of this process. */
    public static Map<String, String> environment() {
        var environment = new HashMap<>(System.getenv());
        if (!bytesKept()) {
            strings(VARIABLES).stream()
                    .map(variable -> variable.split("=", 2))
                    .filter(variable -> variable.length == 2)
                    .forEach(variable -> environment.put(variable[0], variable[1]));
        }
        return environment;
    }

    private static boolean bytesKept() {
        return System.getProperty("sun.jnu.encoding", "").equalsIgnoreCase("UTF-8");
    }

    /** The strings of a file that ends each with a zero byte; none where there is no such file. */
    private static List<String> strings(Path file) {
        try {
            String text = Files.readString(file, StandardCharsets.UTF_8);
            return Arrays.asList(text.substring(0, text.length() - 1).split("\0", -1));
        } catch (IOException | IndexOutOfBoundsException notLinux) {
            return List.of();
        }
    }
}
