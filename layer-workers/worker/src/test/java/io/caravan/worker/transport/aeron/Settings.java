package io.caravan.worker.transport.aeron;

import com.typesafe.config.ConfigFactory;

/** The defaults, but for what a test changes. */
final class Settings {
    static final AeronSettings DEFAULTS = AeronSettings.from(ConfigFactory.load());

    private Settings() {}

    static AeronSettings with(String key, String value) {
        return AeronSettings.from(ConfigFactory.parseString("caravan.transport." + key + " = " + value)
                .withFallback(ConfigFactory.load()));
    }
}
