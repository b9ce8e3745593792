package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The architectures that can be served, and how their files differ from Hugging Face's. */
enum GgufArchitecture {
    LLAMA(true),
    QWEN2(false),
    QWEN3(false),
    SMOLLM3(true),
    GRANITE(true);

    static final String KEY = "general.architecture";
    static final String ROPE_FACTORS = "rope_freqs.weight";

    private static final String LAYER_PREFIX = "blk.";
    private static final String HF_LAYER_PREFIX = "model.layers.";

    private static final Map<String, String> HF_NAMES = Map.of(
            "token_embd.weight", "model.embed_tokens.weight",
            "output_norm.weight", "model.norm.weight",
            "output.weight", "lm_head.weight");

    /** Inside a layer, without the ending. */
    private static final Map<String, String> HF_LAYER_NAMES = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"),
            Map.entry("attn_rot_embd", "self_attn.rotary_emb.inv_freq"));

    private final boolean interleaved;

    GgufArchitecture(boolean interleaved) {
        this.interleaved = interleaved;
    }

    /** The architecture that {@code fields} name; any that is not supported is refused by its name. */
    static GgufArchitecture of(GgufFields fields) {
        String name = fields.requireText(KEY);
        return Arrays.stream(values())
                .filter(each -> each.key().equals(name))
                .findFirst()
                .orElseThrow(() -> new ModelFormatException(fields.file() + ": " + KEY + " " + name
                        + " is not supported; "
                        + Arrays.stream(values()).map(GgufArchitecture::key).collect(Collectors.joining(", "))
                        + " are"));
    }

    /** Its name in files, which begins the names of its metadata. */
    String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether the rows of queries and keys are stored as interleaved rotary pairs (2i, 2i + 1). */
    boolean permutes(String hfName) {
        return interleaved && (hfName.contains(".self_attn.q_proj.") || hfName.contains(".self_attn.k_proj."));
    }

    /** The file's name of a tensor that Hugging Face calls {@code hfName}; a name that is not Hugging Face's stays. */
    static String ggufName(String hfName) {
        if (!hfName.startsWith(HF_LAYER_PREFIX)) {
            return key(HF_NAMES, hfName);
        }
        String[] parts = hfName.split("\\.", 4);
        int dot = parts[3].lastIndexOf('.');
        return LAYER_PREFIX + parts[2] + "." + key(HF_LAYER_NAMES, parts[3].substring(0, dot))
                + parts[3].substring(dot);
    }

    private static String key(Map<String, String> names, String value) {
        return names.entrySet().stream()
                .filter(entry -> entry.getValue().equals(value))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(value);
    }

    /** Hugging Face's name of a tensor; one inside a layer that has none there keeps its own behind the layer's. */
    static String hfName(String name) {
        String[] parts = name.split("\\.", 3);
        if (!name.startsWith(LAYER_PREFIX) || parts.length < 3) {
            return HF_NAMES.getOrDefault(name, name);
        }
        int dot = parts[2].lastIndexOf('.');
        String module = dot < 0 ? parts[2] : parts[2].substring(0, dot);
        String ending = dot < 0 ? "" : parts[2].substring(dot);
        return HF_LAYER_PREFIX + parts[1] + "." + HF_LAYER_NAMES.getOrDefault(module, module) + ending;
    }
}
