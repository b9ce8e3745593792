package io.caravan.model;

import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** Which tensors a stage needs, by Hugging Face's names, and the shape that the model's configuration gives them. */
final class StageTensors {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String FINAL_NORM = "model.norm.weight";
    private static final String UNTIED_HEAD = "lm_head.weight";

    private StageTensors() {}

    /** Name of a layer's tensor, {@code part} being for example {@code self_attn.q_proj}. */
    static String layerName(int layer, String part) {
        return "model.layers." + layer + "." + part + ".weight";
    }

    /** Name of the matrix that makes logits, which is the embedding's where the two are tied. */
    static String headName(ModelSpec spec) {
        return spec.tiedEmbeddings() ? EMBEDDING : UNTIED_HEAD;
    }

    /** Name to shape, in the order in which a step uses them. */
    static SequencedMap<String, long[]> of(ModelSpec spec, LayerRange layers, boolean first, boolean last) {
        long hidden = spec.hiddenSize();
        var shapes = new LinkedHashMap<String, long[]>();
        if (first) {
            shapes.put(EMBEDDING, new long[] {spec.vocabSize(), hidden});
        }
        for (int layer = layers.first(); layer < layers.end(); layer++) {
            shapes.put(layerName(layer, "input_layernorm"), new long[] {hidden});
            shapes.put(layerName(layer, "self_attn.q_proj"), new long[] {spec.queryWidth(), hidden});
            shapes.put(layerName(layer, "self_attn.k_proj"), new long[] {spec.kvWidth(), hidden});
            shapes.put(layerName(layer, "self_attn.v_proj"), new long[] {spec.kvWidth(), hidden});
            shapes.put(layerName(layer, "self_attn.o_proj"), new long[] {hidden, spec.queryWidth()});
            shapes.put(layerName(layer, "post_attention_layernorm"), new long[] {hidden});
            shapes.put(layerName(layer, "mlp.gate_proj"), new long[] {spec.intermediateSize(), hidden});
            shapes.put(layerName(layer, "mlp.up_proj"), new long[] {spec.intermediateSize(), hidden});
            shapes.put(layerName(layer, "mlp.down_proj"), new long[] {hidden, spec.intermediateSize()});
        }
        if (last) {
            shapes.put(FINAL_NORM, new long[] {hidden});
            shapes.putIfAbsent(headName(spec), new long[] {spec.vocabSize(), hidden});
        }
        return shapes;
    }
}
