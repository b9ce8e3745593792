package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import picocli.CommandLine.Option;

/** How the model is to answer. */
final class AnswerFlags {
    @Setting(key = "caravan.client.max-tokens", env = "CARAVAN_MAX_TOKENS")
    @Option(names = "--max-tokens", paramLabel = "N", description = "Most tokens of an answer. [CARAVAN_MAX_TOKENS]")
    private Integer maxTokens;

    @Setting(key = "caravan.client.temperature", env = "CARAVAN_TEMPERATURE")
    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "0 gives the likeliest answer. [CARAVAN_TEMPERATURE]")
    private Double temperature;

    @Setting(key = "caravan.client.system", env = "CARAVAN_SYSTEM")
    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told first. [CARAVAN_SYSTEM]")
    private String system;
}
