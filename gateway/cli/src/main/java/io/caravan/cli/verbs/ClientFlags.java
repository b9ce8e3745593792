package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import picocli.CommandLine.Option;

/** How a verb talks to a gateway. */
final class ClientFlags {
    @Setting(key = "caravan.client.url", env = "CARAVAN_URL")
    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "Gateway to talk to (default: the one that runs on this machine). [CARAVAN_URL]")
    private String url;

    @Setting(key = "caravan.client.api-key", env = "CARAVAN_API_KEY")
    @Option(names = "--api-key", paramLabel = "KEY", description = "Sent as a bearer token. [CARAVAN_API_KEY]")
    private String apiKey;

    @Setting(key = "caravan.client.timeout", env = "CARAVAN_CLIENT_TIMEOUT")
    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description = "Longest wait for an answer to begin, as 120s. [CARAVAN_CLIENT_TIMEOUT]")
    private String timeout;
}
