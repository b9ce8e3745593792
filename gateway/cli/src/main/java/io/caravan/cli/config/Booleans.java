package io.caravan.cli.config;

import java.util.Locale;
import java.util.Optional;

/** How people say yes and no, wherever Caravan asks for one: in flags, environment variables and configuration files. */
public final class Booleans {
    /** What {@link #parse} takes, for messages. */
    public static final String ACCEPTED = "1, true, yes or on, or 0, false, no or off";

    private Booleans() {}

    /** The Boolean that {@code text} spells, in any case; empty where it spells none. */
    public static Optional<Boolean> parse(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "1", "true", "yes", "on" -> Optional.of(true);
            case "0", "false", "no", "off" -> Optional.of(false);
            default -> Optional.empty();
        };
    }
}
