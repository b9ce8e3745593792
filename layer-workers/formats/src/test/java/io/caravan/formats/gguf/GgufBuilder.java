package io.caravan.formats.gguf;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.LlamaTensors;
import io.caravan.formats.TensorSlot;
import io.caravan.formats.WeightView;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Puts GGUF files together by hand, wrongly where a test wants it. */
final class GgufBuilder {
    private static final Map<String, Integer> TYPES = Map.of("F32", 0, "F16", 1, "BF16", 30);
    private static final Map<String, String> LAYER_NAMES = Map.of(
            "input_layernorm", "attn_norm",
            "self_attn.q_proj", "attn_q",
            "self_attn.k_proj", "attn_k",
            "self_attn.v_proj", "attn_v",
            "self_attn.o_proj", "attn_output",
            "post_attention_layernorm", "ffn_norm",
            "mlp.gate_proj", "ffn_gate",
            "mlp.up_proj", "ffn_up",
            "mlp.down_proj", "ffn_down");

    int version = 3;
    int alignment = 32;
    final LinkedHashMap<String, byte[]> values = new LinkedHashMap<>();
    final List<Tensor> tensors = new ArrayList<>();

    /** A tensor as the file has it, extents innermost first. */
    record Tensor(String name, int type, long[] extents, byte[] data) {}

    /** The model at {@code path}, with Llama's names and interleaved rotary pairs. */
    static GgufBuilder of(Path path) {
        var builder = new GgufBuilder();
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            var spec = checkpoint.spec();
            builder.text("general.architecture", "llama")
                    .uint("llama.block_count", spec.layerCount())
                    .uint("llama.embedding_length", spec.hiddenSize())
                    .uint("llama.feed_forward_length", spec.intermediateSize())
                    .uint("llama.attention.head_count", spec.headCount())
                    .uint("llama.attention.head_count_kv", spec.kvHeadCount())
                    .uint("llama.attention.key_length", spec.headDim())
                    .uint("llama.context_length", spec.maxPositions())
                    .real("llama.attention.layer_norm_rms_epsilon", spec.rmsNormEps())
                    .real("llama.rope.freq_base", (float) spec.ropeTheta())
                    .uint("tokenizer.ggml.eos_token_id", spec.eosTokenIds().get(0));
            for (TensorSlot slot : new LlamaTensors(spec).all()) {
                builder.add(slot.in(checkpoint), spec.headDim());
            }
        }
        return builder;
    }

    private void add(WeightView view, int headDim) {
        byte[] data = view.data().toArray(ValueLayout.JAVA_BYTE);
        if (view.name().contains(".q_proj.") || view.name().contains(".k_proj.")) {
            data = interleaved(data, Math.toIntExact(view.shape().getFirst()), headDim);
        }
        int rank = view.shape().size();
        var extents = new long[rank];
        for (int i = 0; i < rank; i++) {
            extents[i] = view.shape().get(rank - 1 - i);
        }
        tensors.add(new Tensor(name(view.name()), TYPES.get(view.type().name()), extents, data));
    }

    private static String name(String hfName) {
        String[] parts = hfName.split("\\.", 4);
        return switch (hfName) {
            case "model.embed_tokens.weight" -> "token_embd.weight";
            case "model.norm.weight" -> "output_norm.weight";
            case "lm_head.weight" -> "output.weight";
            default -> "blk." + parts[2] + "." + LAYER_NAMES.get(parts[3].replace(".weight", "")) + ".weight";
        };
    }

    private static byte[] interleaved(byte[] data, int rows, int headDim) {
        int rowBytes = data.length / rows;
        var out = new byte[data.length];
        for (int head = 0; head < rows / headDim; head++) {
            for (int i = 0; i < headDim / 2; i++) {
                int at = head * headDim;
                System.arraycopy(data, (at + i) * rowBytes, out, (at + 2 * i) * rowBytes, rowBytes);
                System.arraycopy(data, (at + headDim / 2 + i) * rowBytes, out, (at + 2 * i + 1) * rowBytes, rowBytes);
            }
        }
        return out;
    }

    GgufBuilder text(String key, String value) {
        return value(key, 8, new Bytes().text(value));
    }

    GgufBuilder uint(String key, int value) {
        return value(key, 4, new Bytes().int32(value));
    }

    GgufBuilder real(String key, float value) {
        return value(key, 6, new Bytes().int32(Float.floatToIntBits(value)));
    }

    GgufBuilder value(String key, int type, Bytes value) {
        values.put(key, new Bytes().int32(type).raw(value.done()).done());
        return this;
    }

    GgufBuilder array(String key, int elementType, long count, Bytes elements) {
        return value(key, 9, new Bytes().int32(elementType).int64(count).raw(elements.done()));
    }

    byte[] bytes() {
        var out = new Bytes().raw("GGUF".getBytes(StandardCharsets.US_ASCII)).int32(version);
        out.int64(tensors.size()).int64(values.size());
        values.forEach((key, value) -> out.text(key).raw(value));
        long offset = 0;
        for (Tensor tensor : tensors) {
            out.text(tensor.name()).int32(tensor.extents().length);
            for (long extent : tensor.extents()) {
                out.int64(extent);
            }
            out.int32(tensor.type()).int64(offset);
            offset += padded(tensor.data().length);
        }
        out.pad(alignment);
        for (Tensor tensor : tensors) {
            out.raw(tensor.data()).pad(alignment);
        }
        return out.done();
    }

    private long padded(long length) {
        return Math.ceilDiv(length, alignment) * (long) alignment;
    }

    /** Little-endian bytes. */
    static final class Bytes {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Bytes int32(int value) {
            return raw(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
        }

        Bytes int64(long value) {
            return raw(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
        }

        Bytes text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            return int64(utf8.length).raw(utf8);
        }

        Bytes raw(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        Bytes pad(int alignment) {
            while (out.size() % alignment != 0) {
                out.write(0);
            }
            return this;
        }

        byte[] done() {
            return out.toByteArray();
        }
    }
}
