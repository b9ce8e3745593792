package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import picocli.CommandLine.Option;

/** How a model is cut and cached. */
final class PipelineFlags {
    @Setting(key = "caravan.pipeline.stages", env = "CARAVAN_STAGES")
    @Option(
            names = "--stages",
            paramLabel = "N",
            description =
                    "Stages that the model's layers are cut into (default: one for each worker). [CARAVAN_STAGES]")
    private Integer stages;

    @Setting(key = "caravan.pipeline.kv.type", env = "CARAVAN_KV_TYPE")
    @Option(names = "--kv-type", paramLabel = "f16|f32", description = "Type of the KV cache. [CARAVAN_KV_TYPE]")
    private String kvType;

    @Setting(key = "caravan.pipeline.kv.max-tokens", env = "CARAVAN_KV_TOKENS")
    @Option(
            names = "--kv-tokens",
            paramLabel = "N",
            description = "Most tokens that the KV cache holds, of all sequences. [CARAVAN_KV_TOKENS]")
    private Integer kvTokens;
}
