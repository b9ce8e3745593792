package io.caravan.formats;

import io.caravan.formats.torch.TorchBytes;
import io.caravan.formats.torch.TorchBytes.Part;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes a model as Meta would have published it, split over any number of devices. */
final class MetaFolder {
    private static final Map<String, String> MODULES = Map.of(
            "self_attn.q_proj", "attention.wq",
            "self_attn.k_proj", "attention.wk",
            "self_attn.v_proj", "attention.wv",
            "self_attn.o_proj", "attention.wo",
            "mlp.gate_proj", "feed_forward.w1",
            "mlp.up_proj", "feed_forward.w3",
            "mlp.down_proj", "feed_forward.w2",
            "input_layernorm", "attention_norm",
            "post_attention_layernorm", "ffn_norm");

    private MetaFolder() {}

    /** Writes {@code model} into {@code folder}; the parts of the embedding follow each other along its columns or rows. */
    static void write(Checkpoint model, Path folder, int shards, boolean embeddingByRows) throws IOException {
        ModelSpec spec = model.spec();
        Files.write(folder.resolve("params.json"), JsonFields.encode(params(spec)));
        for (int shard = 0; shard < shards; shard++) {
            var parts = new LinkedHashMap<String, Part>();
            for (TensorSlot slot : new LlamaTensors(spec).all()) {
                String name = metaName(slot.name());
                boolean norm = slot.shape().size() == 1;
                boolean byColumns = name.contains("wo.")
                        || name.contains("w2.")
                        || name.startsWith("tok_embeddings") && !embeddingByRows;
                int pairRows = name.contains("wq.") || name.contains("wk.") ? spec.headDim() : 0;
                WeightView view = slot.in(model);
                parts.put(
                        name,
                        norm
                                ? part(view, 1, 0, 0)
                                : byColumns ? columns(view, shards, shard) : part(view, shards, shard, pairRows));
            }
            parts.put("rope.freqs", new Part("FloatStorage", new long[] {1}, new byte[4]));
            Files.write(folder.resolve("consolidated.%02d.pth".formatted(shard)), TorchBytes.file(parts));
        }
    }

    private static Map<String, Object> params(ModelSpec spec) {
        var params = new TreeMap<String, Object>(Map.of(
                "dim", spec.hiddenSize(),
                "n_layers", spec.layerCount(),
                "n_heads", spec.headCount(),
                "n_kv_heads", spec.kvHeadCount(),
                "head_dim", spec.headDim(),
                "vocab_size", -1,
                "norm_eps", Double.valueOf(Float.toString(spec.rmsNormEps())),
                "rope_theta", spec.ropeTheta(),
                "max_seq_len", spec.maxPositions()));
        if (spec.ropeScaling() instanceof RopeScaling.Llama3 scaling) {
            params.put("use_scaled_rope", true);
            params.put("rope_scaling_factor", scaling.factor());
        }
        return params;
    }

    private static String metaName(String name) {
        String[] words = name.split("\\.", 4);
        return switch (name) {
            case "model.embed_tokens.weight" -> "tok_embeddings.weight";
            case "model.norm.weight" -> "norm.weight";
            case "lm_head.weight" -> "output.weight";
            default ->
                "layers." + words[2] + "." + MODULES.get(words[3].substring(0, words[3].length() - 7)) + ".weight";
        };
    }

    /** The rows of one shard, those of a head in the order of interleaved pairs where {@code pairRows} is not 0. */
    private static Part part(WeightView view, int shards, int shard, int pairRows) {
        byte[] all = view.data().toArray(ValueLayout.JAVA_BYTE);
        int rows = Math.toIntExact(view.shape().getFirst());
        int rowBytes = all.length / rows;
        var out = new ByteArrayOutputStream();
        for (int row = rows / shards * shard; row < rows / shards * (shard + 1); row++) {
            int source = row;
            if (pairRows > 0) {
                int inHead = row % pairRows;
                source = row - inHead + inHead / 2 + inHead % 2 * (pairRows / 2);
            }
            out.write(all, source * rowBytes, rowBytes);
        }
        long[] shape = view.shape().stream().mapToLong(Long::longValue).toArray();
        shape[0] = rows / shards;
        return new Part(storageClass(view), shape, out.toByteArray());
    }

    private static Part columns(WeightView view, int shards, int shard) {
        byte[] all = view.data().toArray(ValueLayout.JAVA_BYTE);
        List<Long> shape = view.shape();
        int rowBytes = Math.toIntExact(all.length / shape.get(0));
        var out = new ByteArrayOutputStream();
        for (int row = 0; row < shape.get(0); row++) {
            out.write(all, row * rowBytes + rowBytes / shards * shard, rowBytes / shards);
        }
        return new Part(storageClass(view), new long[] {shape.get(0), shape.get(1) / shards}, out.toByteArray());
    }

    private static String storageClass(WeightView view) {
        return switch (view.type()) {
            case F32 -> "FloatStorage";
            case F16 -> "HalfStorage";
            case BF16 -> "BFloat16Storage";
            default -> throw new IllegalArgumentException("no storage class for " + view.type());
        };
    }
}
