package io.caravan.cli.address;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How a member to join is looked for: {@code caravan.cluster.join}.
 *
 * @param retry wait between two looks
 * @param connectTimeout longest wait for a connection
 * @param firstNotice how long it may take before a line says why; later lines wait twice as long each
 * @param lastNotice longest wait between two lines
 */
public record JoinSettings(Duration retry, Duration connectTimeout, Duration firstNotice, Duration lastNotice) {

    /** Parses the key {@code caravan.cluster.join} of {@code config}. */
    public static JoinSettings from(Config config) {
        var join = config.getConfig("caravan.cluster.join");
        return new JoinSettings(
                join.getDuration("retry"),
                join.getDuration("connect-timeout"),
                join.getDuration("first-notice"),
                join.getDuration("last-notice"));
    }

    /** Times at which something that lasts is told. */
    Notices notices() {
        return new Notices(firstNotice, lastNotice, System.nanoTime());
    }
}
