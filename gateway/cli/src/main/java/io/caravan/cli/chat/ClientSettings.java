package io.caravan.cli.chat;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How to talk to a gateway: {@code caravan.client}.
 *
 * @param url its address; empty for the one that runs on this machine
 * @param apiKey sent as a bearer token; empty for none
 * @param maxTokens most tokens of an answer; 0 leaves it to the gateway
 * @param system what the model is told first; empty for nothing
 * @param temperature below 0 leaves it to the gateway
 * @param timeout longest wait for an answer to begin
 */
public record ClientSettings(
        String url, String apiKey, int maxTokens, String system, double temperature, Duration timeout) {

    /** Parses the key {@code caravan.client} of {@code config}. */
    public static ClientSettings from(Config config) {
        var client = config.getConfig("caravan.client");
        return new ClientSettings(
                client.getString("url"),
                client.getString("api-key"),
                client.getInt("max-tokens"),
                client.getString("system"),
                client.getDouble("temperature"),
                client.getDuration("timeout"));
    }

    /** These settings, for the gateway at {@code address}. */
    public ClientSettings at(String address) {
        return new ClientSettings(address, apiKey, maxTokens, system, temperature, timeout);
    }
}
