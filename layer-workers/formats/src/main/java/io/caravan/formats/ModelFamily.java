package io.caravan.formats;

import io.caravan.proto.sequence.TokenIds;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The kinds of configuration files that are understood, and what Hugging Face's configuration classes say where such a file
 * is silent. Weights tell nothing of this, so a default that is wrong here is a model that answers nonsense.
 */
enum ModelFamily {
    LLAMA(
            "llama",
            List.of("LlamaForCausalLM", "LLaMAForCausalLM"),
            4096,
            11008,
            32,
            32,
            0,
            32000,
            2048,
            10000,
            false,
            2),
    MISTRAL("mistral", List.of("MistralForCausalLM"), 4096, 14336, 32, 32, 8, 32000, 131072, 10000, false, 2),
    QWEN2("qwen2", List.of("Qwen2ForCausalLM"), 4096, 22016, 32, 32, 32, 151936, 32768, 10000, false),
    QWEN3("qwen3", List.of("Qwen3ForCausalLM"), 4096, 22016, 32, 32, 32, 151936, 32768, 10000, false),
    SMOLLM3("smollm3", List.of("SmolLM3ForCausalLM"), 2048, 11008, 36, 16, 4, 128256, 32768, 2000000, true, 128001),
    GRANITE("granite", List.of("GraniteForCausalLM"), 4096, 11008, 32, 32, 0, 32000, 2048, 10000, false, 2);

    private final String modelType;
    private final List<String> architectures;
    final int hiddenSize;
    final int intermediateSize;
    final int layerCount;
    final int headCount;

    /** Key and value heads; 0 for as many as heads. */
    final int kvHeadCount;

    final int vocabSize;
    final int maxPositions;
    final double ropeTheta;
    final boolean tiedEmbeddings;
    final TokenIds eosTokenIds;

    ModelFamily(
            String modelType,
            List<String> architectures,
            int hiddenSize,
            int intermediateSize,
            int layerCount,
            int headCount,
            int kvHeadCount,
            int vocabSize,
            int maxPositions,
            double ropeTheta,
            boolean tiedEmbeddings,
            int... eosTokenIds) {
        this.modelType = modelType;
        this.architectures = architectures;
        this.hiddenSize = hiddenSize;
        this.intermediateSize = intermediateSize;
        this.layerCount = layerCount;
        this.headCount = headCount;
        this.kvHeadCount = kvHeadCount;
        this.vocabSize = vocabSize;
        this.maxPositions = maxPositions;
        this.ropeTheta = ropeTheta;
        this.tiedEmbeddings = tiedEmbeddings;
        this.eosTokenIds = TokenIds.of(eosTokenIds);
    }

    /** What {@code model_type} says. */
    String modelType() {
        return modelType;
    }

    /** What {@code architectures} says. */
    String architecture() {
        return architectures.getFirst();
    }

    /**
     * The family that {@code config} names.
     *
     * @throws ModelFormatException when it is none of these
     */
    static ModelFamily of(JsonFields config) {
        if (config.has("architectures")) {
            for (String architecture : config.texts("architectures")) {
                if (Arrays.stream(values()).noneMatch(family -> family.architectures.contains(architecture))) {
                    throw new ModelFormatException(config.file() + ": architecture " + architecture
                            + " is not supported; "
                            + Arrays.stream(values())
                                    .map(ModelFamily::architecture)
                                    .collect(Collectors.joining(", "))
                            + " are");
                }
            }
        }
        String type = config.requireText("model_type");
        return Arrays.stream(values())
                .filter(family -> family.modelType.equals(type))
                .findFirst()
                .orElseThrow(() -> new ModelFormatException(config.file() + ": model_type " + type
                        + " is not supported; model_type "
                        + Arrays.stream(values()).map(ModelFamily::modelType).collect(Collectors.joining(", "))
                        + " are"));
    }
}
