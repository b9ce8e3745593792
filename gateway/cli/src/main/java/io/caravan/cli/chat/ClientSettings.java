package io.caravan.cli.chat;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import java.time.Duration;
import java.util.List;

/**
 * How to talk to a gateway: {@code caravan.client}.
 *
 * @param url its address; empty for the one that runs on this machine
 * @param apiKey sent as a bearer token; empty for none
 * @param ownKey sent to gateways of this user: where no key is given, one that the gateway's own settings name
 * @param maxTokens most tokens of an answer; 0 leaves it to the gateway
 * @param system what the model is told first; empty for nothing
 * @param temperature {@code -1} leaves it to the gateway
 * @param timeout longest wait for an answer to begin
 */
public record ClientSettings(
        String url, String apiKey, String ownKey, int maxTokens, String system, double temperature, Duration timeout) {
    private static final double OF_THE_GATEWAY = -1;

    public ClientSettings {
        if (maxTokens < 0) {
            throw new CliException(
                    "--max-tokens must be at least 1, or 0 for the gateway's own default, not " + maxTokens);
        }
        if (!Double.isFinite(temperature) || (temperature < 0 && temperature != OF_THE_GATEWAY)) {
            throw new CliException("--temperature must be a number of at least 0, not " + temperature);
        }
        if (!timeout.isPositive()) {
            throw new CliException("--timeout must be positive, as 120s, not " + timeout.toMillis() + " ms");
        }
    }

    /** Parses the key {@code caravan.client} of {@code config}. */
    public static ClientSettings from(Config config) {
        var client = config.getConfig("caravan.client");
        return new ClientSettings(
                client.getString("url"),
                client.getString("api-key"),
                keyOf(config),
                client.getInt("max-tokens"),
                client.getString("system"),
                client.getDouble("temperature"),
                client.getDuration("timeout"));
    }

    /** These settings, for the gateway of this user at {@code address}: it is let in with the key that it asks for. */
    public ClientSettings at(String address) {
        return new ClientSettings(address, ownKey, ownKey, maxTokens, system, temperature, timeout);
    }

    private static String keyOf(Config config) {
        String key = config.getString("caravan.client.api-key");
        List<String> known = config.getStringList("caravan.gateway.api-keys");
        return key.isEmpty() && !known.isEmpty() ? known.getFirst() : key;
    }
}
