package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import java.util.LinkedHashMap;
import java.util.Map;

/** The opposite of {@link ModelConfig}: the files that Hugging Face would write for a model of a given shape. */
final class ConfigWriter {
    private static final int BOS_TOKEN_ID = 1;

    private ConfigWriter() {}

    static Map<String, Object> config(ModelSpec spec) {
        var config = new LinkedHashMap<String, Object>();
        config.putAll(FamilyFields.of(spec));
        config.put("hidden_act", "silu");
        config.put("bos_token_id", BOS_TOKEN_ID);
        config.put("eos_token_id", spec.eosTokenIds().toArray());
        config.put("hidden_size", spec.hiddenSize());
        config.put("intermediate_size", spec.intermediateSize());
        config.put("num_hidden_layers", spec.layerCount());
        config.put("num_attention_heads", spec.headCount());
        config.put("num_key_value_heads", spec.kvHeadCount());
        config.put("head_dim", spec.headDim());
        config.put("vocab_size", spec.vocabSize());
        config.put("max_position_embeddings", declaredPositions(spec));
        config.put("rms_norm_eps", Double.valueOf(Float.toString(spec.rmsNormEps())));
        config.put("rope_theta", spec.ropeTheta());
        config.put("rope_scaling", scaling(spec.ropeScaling()));
        config.put("tie_word_embeddings", spec.tiedEmbeddings());
        config.put("torch_dtype", SafetensorsFolder.torchName(spec.weightType()));
        return config;
    }

    static Map<String, Object> generationConfig(ModelSpec spec) {
        var config = new LinkedHashMap<String, Object>();
        config.put("bos_token_id", BOS_TOKEN_ID);
        config.put("eos_token_id", spec.eosTokenIds().toArray());
        return config;
    }

    /** Of which {@link RopeScaling#context} is what the model serves. */
    private static int declaredPositions(ModelSpec spec) {
        return spec.ropeScaling() instanceof RopeScaling.Dynamic dynamic
                ? dynamic.originalMaxPositions()
                : spec.maxPositions();
    }

    private static Map<String, Object> scaling(RopeScaling scaling) {
        var fields = new LinkedHashMap<String, Object>();
        switch (scaling) {
            case RopeScaling.None none -> fields.put("rope_type", "default");
            case RopeScaling.Linear linear -> {
                fields.put("rope_type", "linear");
                fields.put("factor", linear.factor());
            }
            case RopeScaling.Divisors divisors ->
                throw new IllegalArgumentException(
                        "a Hugging Face configuration has no place for rotary divisors of each pair's own");
            case RopeScaling.Llama3 llama3 -> {
                fields.put("rope_type", "llama3");
                fields.put("factor", llama3.factor());
                fields.put("low_freq_factor", llama3.lowFreqFactor());
                fields.put("high_freq_factor", llama3.highFreqFactor());
                fields.put("original_max_position_embeddings", llama3.originalMaxPositions());
            }
            case RopeScaling.Yarn yarn -> {
                fields.put("rope_type", "yarn");
                fields.put("factor", yarn.factor());
                fields.put("original_max_position_embeddings", yarn.originalMaxPositions());
                fields.put("attention_factor", yarn.attentionFactor());
                fields.put("beta_fast", yarn.betaFast());
                fields.put("beta_slow", yarn.betaSlow());
                fields.put("truncate", yarn.truncate());
            }
            case RopeScaling.Dynamic dynamic -> {
                fields.put("rope_type", "dynamic");
                fields.put("factor", dynamic.factor());
            }
        }
        return fields;
    }
}
