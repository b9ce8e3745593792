package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.config.Setting;
import io.caravan.scheduler.actor.PipelineSettings;
import io.caravan.scheduler.actor.SpeculativeSettings;
import java.nio.file.Path;
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

    @Setting(key = "caravan.pipeline.quantize", env = "CARAVAN_QUANTIZE")
    @Option(
            names = "--quantize",
            paramLabel = "none|bf16|q8_0|q4_0|q4_k|q6_k",
            description = "Format that weights are brought into while they load. [CARAVAN_QUANTIZE]")
    private String quantize;

    @Setting(key = "caravan.pipeline.activations", env = "CARAVAN_ACTIVATIONS")
    @Option(
            names = "--activations",
            paramLabel = "auto|f32|bf16|int8",
            description = "Precision in which products read activations. [CARAVAN_ACTIVATIONS]")
    private String activations;

    @Setting(key = "caravan.pipeline.bf16-bits", env = "CARAVAN_BF16_BITS")
    @Option(
            names = "--bf16-bits",
            paramLabel = "12|16",
            description = "Bits in which BF16 weights lie in memory; 12 lose nothing. [CARAVAN_BF16_BITS]")
    private Integer bf16Bits;

    @Setting(key = "caravan.pipeline.wire", env = "CARAVAN_WIRE")
    @Option(
            names = "--wire",
            paramLabel = "f32|bf16|f16",
            description = "Type of hidden states between stages; f32 keeps their bits. [CARAVAN_WIRE]")
    private String wire;

    @Setting(key = "caravan.pipeline.kv.type", env = "CARAVAN_KV_TYPE")
    @Option(names = "--kv-type", paramLabel = "f16|f32|q8_0", description = "Type of the KV cache. [CARAVAN_KV_TYPE]")
    private String kvType;

    @Setting(key = "caravan.pipeline.kv.max-tokens", env = "CARAVAN_KV_TOKENS")
    @Option(
            names = "--kv-tokens",
            paramLabel = "N",
            description = "Most tokens that the KV cache holds, of all sequences. [CARAVAN_KV_TOKENS]")
    private Integer kvTokens;

    @Setting(key = "caravan.scheduler.speculative.drafter", env = "CARAVAN_SPECULATIVE")
    @Option(
            names = "--speculative",
            paramLabel = "auto|off|prompt-lookup|draft",
            description =
                    "Guess tokens and verify several in one step; what comes out stays the same. [CARAVAN_SPECULATIVE]")
    private String speculative;

    @Setting(key = "caravan.scheduler.speculative.draft-tokens", env = "CARAVAN_DRAFT_TOKENS")
    @Option(
            names = "--draft-tokens",
            paramLabel = "N",
            description = "Most guessed tokens of a sequence in one step (8). [CARAVAN_DRAFT_TOKENS]")
    private Integer draftTokens;

    @Setting(key = "caravan.scheduler.speculative.model", env = "CARAVAN_DRAFT_MODEL")
    @Option(
            names = "--draft-model",
            paramLabel = "FOLDER",
            description = "A small model of the same vocabulary that guesses, on the gateway. [CARAVAN_DRAFT_MODEL]")
    private Path draftModel;

    /**
     * Refuses what would do nothing.
     *
     * @throws CliException saying what would
     */
    void check(Config config) {
        if (draftTokens != null
                && PipelineSettings.from(config).speculative().source() == SpeculativeSettings.Source.OFF) {
            throw new CliException(
                    "--draft-tokens does nothing where nothing is guessed: say --speculative prompt-lookup, or"
                            + " --draft-model FOLDER");
        }
    }
}
