package io.caravan.cli.address;

import io.caravan.cli.CliException;
import java.util.regex.Pattern;

/** Where a member is to be found: {@code gateway:25520}, {@code 10.0.0.5:25520} or {@code [fd00::5]:25520}. */
public record HostAndPort(String host, int port) {
    private static final Pattern FORM = Pattern.compile("(\\[[^]\\s]+]|[^:\\s\\[\\]]+):(\\d{1,5})");
    private static final Pattern BARE_IPV6 = Pattern.compile("[^\\[\\]]*:[^\\[\\]]*:[^\\[\\]]*");
    private static final int LAST_PORT = 65_535;

    /** @throws CliException where {@code text} has another form */
    public static HostAndPort parse(String text) {
        var parts = FORM.matcher(text);
        if (!parts.matches()) {
            throw new CliException("a member to join is given as HOST:PORT, not '" + text + "'"
                    + (BARE_IPV6.matcher(text).matches() ? "; an IPv6 address stands in brackets: [::1]:25520" : ""));
        }
        int port = Integer.parseInt(parts.group(2));
        if (port < 1 || port > LAST_PORT) {
            throw new CliException("the port of a member to join is 1 to " + LAST_PORT + ", not " + port);
        }
        return new HostAndPort(parts.group(1), port);
    }

    @Override
    public String toString() {
        return host + ":" + port;
    }
}
