package io.caravan.formats;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Fields by which configurations of other families ask for other arithmetic, or say under another name what the supported ones
 * read. Hugging Face's code for the supported families passes over them, so that a file which has one means another model than
 * the one that would run: it is refused by the field's name, unless the value changes nothing.
 */
final class ForeignFields {
    /** Multipliers, caps, norms and the like; where Granite reads one, {@link VariationsConfig} does. */
    private static final List<String> OTHER_ARITHMETIC = List.of(
            "attention_multiplier",
            "attn_logit_softcapping",
            "attn_temperature_tuning",
            "clip_qkv",
            "embedding_multiplier",
            "final_logit_softcapping",
            "lm_head_multiplier",
            "logit_scale",
            "logits_scaling",
            "logits_soft_cap",
            "mup_width_multiplier",
            "normalize_embedding",
            "num_experts",
            "num_local_experts",
            "parallel_residual",
            "qk_layernorm",
            "qk_norm",
            "query_pre_attn_scalar",
            "residual_multiplier",
            "scale_depth",
            "scale_emb",
            "use_logn_attn",
            "use_parallel_residual",
            "use_post_norm",
            "use_qk_norm");

    private static final Set<String> GRANITES =
            Set.of("attention_multiplier", "embedding_multiplier", "logits_scaling", "residual_multiplier");

    /** Weights that a file says are quantised. */
    private static final List<String> QUANTISED = List.of("quantization_config", "compression_config", "quantization");

    private static final List<String> ACTIVATIONS =
            List.of("hidden_act", "hidden_activation", "activation_function", "mlp_hidden_act");

    /** Other families' names of a number, by the name that counts. */
    private static final Map<String, List<String>> OTHER_NAMES = Map.of(
            "rms_norm_eps",
            List.of("layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon", "norm_eps", "norm_epsilon"),
            "num_attention_heads",
            List.of("n_head", "n_heads", "num_heads"),
            "num_hidden_layers",
            List.of("n_layer", "n_layers", "num_layers"),
            "sliding_window",
            List.of("attention_window", "attention_window_size", "sliding_window_size", "window_size"));

    private ForeignFields() {}

    /** Refuses each of them in {@code config} that asks for something. */
    static void refuse(JsonFields config, ModelFamily family) {
        for (String key : ACTIVATIONS) {
            String activation = config.textOr(key, "silu");
            if (!activation.equals("silu") && !activation.equals("swish")) {
                throw config.unknown(key + " " + activation, "silu is");
            }
        }
        for (String key : QUANTISED) {
            if (config.has(key)) {
                String method = config.requireObject(key).textOr("quant_method", "of an unnamed method");
                throw config.unknown(key + " (" + method + ")", "unquantised F32, F16 and BF16 weights are");
            }
        }
        for (String key : OTHER_ARITHMETIC) {
            boolean read = family == ModelFamily.GRANITE && GRANITES.contains(key);
            if (!read && !config.isNeutral(key) && !config.isZero(key)) {
                throw config.unknown(key, "of the model_type " + family.modelType() + ", models without it are");
            }
        }
        OTHER_NAMES.forEach((name, others) -> {
            for (String key : others) {
                if (config.has(key) && !config.node().has(name)) {
                    throw config.unknown(key, "the model_type " + family.modelType() + " has " + name);
                }
            }
        });
    }
}
