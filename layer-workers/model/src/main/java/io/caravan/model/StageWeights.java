package io.caravan.model;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.WeightView;
import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.model.layer.FeedForward;
import io.caravan.model.layer.SelfAttention;
import io.caravan.model.layer.TransformerLayer;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** A stage's weights on its device. Every tensor is found and its shape checked before the first byte is touched. */
final class StageWeights {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Map<String, Tensor> tensors = new HashMap<>();
    private Optional<Tensor> embedding = Optional.empty();
    private final long bytes;

    private StageWeights(long bytes) {
        this.bytes = bytes;
    }

    static StageWeights load(
            Checkpoint checkpoint,
            SequencedMap<String, long[]> shapes,
            boolean first,
            boolean last,
            Device device,
            LoadProgress progress) {
        List<WeightView> views = shapes.sequencedEntrySet().stream()
                .map(entry -> checkpoint.tensor(entry.getKey(), entry.getValue()))
                .toList();
        long totalBytes =
                views.stream().mapToLong(view -> view.data().byteSize()).sum();
        var weights = new StageWeights(totalBytes);
        long loadedBytes = 0;
        progress.loaded(loadedBytes, totalBytes);
        for (WeightView view : views) {
            weights.place(view, first, last && checkpoint.spec().tiedEmbeddings(), device);
            loadedBytes += view.data().byteSize();
            progress.loaded(loadedBytes, totalBytes);
        }
        return weights;
    }

    /** Brings a tensor to the device: as a table where tokens are looked up in it, and as weights where it is multiplied with. */
    private void place(WeightView view, boolean first, boolean tiedHead, Device device) {
        if (view.shape().size() == 1) {
            tensors.put(view.name(), norm(view, device));
            return;
        }
        long rows = view.shape().get(0);
        long columns = view.shape().get(1);
        boolean looksUp = first && view.name().equals(StageTensors.EMBEDDING);
        if (looksUp) {
            embedding = Optional.of(device.table(view.type(), rows, columns, view.data()));
        }
        if (!looksUp || tiedHead) {
            tensors.put(view.name(), device.weights(view.type(), rows, columns, view.data()));
        }
    }

    /** Norms are small, so they are kept as F32 whatever the checkpoint has. */
    private static Tensor norm(WeightView view, Device device) {
        float[] values = new float[Math.toIntExact(view.elementCount())];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (view.type()) {
                case F32 -> view.data().getAtIndex(FLOAT, i);
                case F16 -> Float.float16ToFloat(view.data().getAtIndex(SHORT, i));
                case BF16 -> Float.intBitsToFloat(view.data().getAtIndex(SHORT, i) << Short.SIZE);
                default ->
                    throw new IllegalArgumentException(
                            "norms are not quantised, but " + view.name() + " is " + view.type());
            };
        }
        Tensor norm = device.allocate(TensorType.F32, 1, values.length);
        device.write(norm, MemorySegment.ofArray(values), norm.byteSize());
        return norm;
    }

    /** Bytes of the weights as the checkpoint stores them. */
    long bytes() {
        return bytes;
    }

    /** The first stage's table of token embeddings. */
    Tensor embedding() {
        return embedding.orElseThrow(() -> new IllegalStateException("only the first stage looks tokens up"));
    }

    Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalStateException(name + " is not among the tensors of this stage");
        }
        return tensor;
    }

    TransformerLayer layer(ModelSpec spec, int layer) {
        return new TransformerLayer(
                new SelfAttention(
                        get(StageTensors.layerName(layer, "input_layernorm")),
                        get(StageTensors.layerName(layer, "self_attn.q_proj")),
                        get(StageTensors.layerName(layer, "self_attn.k_proj")),
                        get(StageTensors.layerName(layer, "self_attn.v_proj")),
                        get(StageTensors.layerName(layer, "self_attn.o_proj")),
                        spec.headDim(),
                        spec.rmsNormEps()),
                new FeedForward(
                        get(StageTensors.layerName(layer, "post_attention_layernorm")),
                        get(StageTensors.layerName(layer, "mlp.gate_proj")),
                        get(StageTensors.layerName(layer, "mlp.up_proj")),
                        get(StageTensors.layerName(layer, "mlp.down_proj")),
                        spec.rmsNormEps()));
    }
}
