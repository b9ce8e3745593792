package io.caravan.model;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.LlamaTensors;
import io.caravan.formats.LlamaTensors.Part;
import io.caravan.formats.ModelFormatException;
import io.caravan.formats.TensorSlot;
import io.caravan.formats.WeightView;
import io.caravan.kernels.ConvertedRows;
import io.caravan.kernels.Device;
import io.caravan.kernels.StoredRows;
import io.caravan.kernels.Tensor;
import io.caravan.kernels.quant.FiniteCheck;
import io.caravan.kernels.quant.StoredFloats;
import io.caravan.model.cache.CachedWeights;
import io.caravan.model.cache.WeightCache;
import io.caravan.model.layer.Bias;
import io.caravan.model.layer.FeedForward;
import io.caravan.model.layer.HeadNorm;
import io.caravan.model.layer.Projection;
import io.caravan.model.layer.SelfAttention;
import io.caravan.model.layer.TransformerLayer;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.WeightChoice;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;

/** A stage's weights on its device. Every tensor is found and its shape checked before the first byte is touched. */
final class StageWeights {
    private final SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    private Optional<Tensor> embedding = Optional.empty();
    private String embeddingName = "";

    static StageWeights load(
            Checkpoint checkpoint,
            LlamaTensors llama,
            LayerRange layers,
            boolean first,
            boolean last,
            WeightChoice choice,
            WeightCache cache,
            Device device,
            LoadProgress progress) {
        List<WeightView> views = llama.stage(layers, first, last).stream()
                .map(slot -> slot.in(checkpoint))
                .toList();
        long totalBytes =
                views.stream().mapToLong(view -> view.data().byteSize()).sum();
        var weights = new StageWeights();
        long loadedBytes = 0;
        progress.loaded(loadedBytes, totalBytes);
        String key = WeightCache.key(List.of(
                checkpoint.fingerprint(),
                layers.toString(),
                first + " " + last,
                choice.name(),
                device.name(),
                device.bf16Storage().name()));
        boolean tiedHead = last && llama.spec().tiedEmbeddings();
        boolean found = true;
        try (CachedWeights kept = cache.open(key)) {
            kept.mapIf(device::computesFrom);
            for (WeightView view : views) {
                boolean table = first && view.name().equals(llama.embedding().name());
                found &= weights.place(view, table, tiedHead, choice, kept, device);
                loadedBytes += view.data().byteSize();
                progress.loaded(loadedBytes, totalBytes);
            }
        }
        if (!found) {
            cache.store(key, weights.packed());
        }
        return weights;
    }

    /**
     * Brings a tensor to the device: as a table where tokens are looked up in it, and as weights where it is multiplied
     * with. Says whether nothing had to be packed for it.
     */
    private boolean place(
            WeightView view, boolean table, boolean tiedHead, WeightChoice choice, CachedWeights kept, Device device) {
        if (view.shape().size() == 1) {
            tensors.put(view.name(), vector(view, device));
            return true;
        }
        long rows = view.shape().get(0);
        long columns = view.shape().get(1);
        if (table) {
            embedding = Optional.of(device.table(view.type(), rows, columns, view.data()));
            embeddingName = view.name();
        }
        if (table && !tiedHead) {
            return true;
        }
        TensorType type = choice.of(view.type(), columns);
        Optional<Tensor> packed = kept.find(view.name(), type, rows, columns)
                .filter(found -> device.takes(type, rows, columns, found))
                .flatMap(found -> device.packed(type, rows, columns, found));
        if (packed.isPresent()) {
            tensors.put(view.name(), packed.get());
            return true;
        }
        var stored = new StoredRows(view.type(), rows, columns, view.data());
        boolean asStored = type == view.type();
        boolean mapped = asStored && device.packedBytes(type, rows, columns) == 0;
        Tensor weights = device.weights(
                mapped
                        ? stored
                        : new CheckedRows(view.name(), stored, asStored ? stored : new ConvertedRows(stored, type)));
        tensors.put(view.name(), weights);
        return !weights.packed();
    }

    private SequencedMap<String, Tensor> packed() {
        var packed = new LinkedHashMap<String, Tensor>();
        tensors.forEach((name, tensor) -> {
            if (tensor.packed()) {
                packed.put(name, tensor);
            }
        });
        return packed;
    }

    /** Norms and biases are small, so they are kept as F32 whatever the checkpoint has. */
    private static Tensor vector(WeightView view, Device device) {
        if (view.type().quantised()) {
            throw new IllegalArgumentException(
                    "norms and biases are not quantised, but " + view.name() + " is " + view.type());
        }
        float[] values = new float[Math.toIntExact(view.elementCount())];
        StoredFloats.read(view.type(), view.data(), 0, values);
        if (FiniteCheck.firstDamaged(view.type(), view.data(), values.length) == 0) {
            throw new ModelFormatException(view.name()
                    + " has a weight that is infinite or not a number: the checkpoint is damaged, fetch it again");
        }
        Tensor vector = device.allocate(TensorType.F32, 1, values.length);
        device.write(vector, MemorySegment.ofArray(values), vector.byteSize());
        return vector;
    }

    /** What lies in memory; a table that the head serves as is counted as the head, since few of its rows are ever touched. */
    HeldWeights held() {
        boolean headIsTable = embedding.isPresent() && tensors.containsKey(embeddingName);
        Stream<Tensor> table = headIsTable ? Stream.empty() : embedding.stream();
        return HeldTensors.describe(
                Stream.concat(tensors.values().stream(), table).toList());
    }

    /** The first stage's table of token embeddings. */
    Tensor embedding() {
        return embedding.orElseThrow(() -> new IllegalStateException("only the first stage looks tokens up"));
    }

    Tensor get(TensorSlot slot) {
        Tensor tensor = tensors.get(slot.name());
        if (tensor == null) {
            throw new IllegalStateException(slot.name() + " is not among the tensors of this stage");
        }
        return tensor;
    }

    /** Layer {@code index} of the model that {@code llama} names the tensors of. */
    TransformerLayer layer(LlamaTensors llama, int index) {
        var layer = new LayerTensors(llama, index);
        ModelSpec spec = llama.spec();
        float residual = (float) spec.variations().multipliers().residual();
        return new TransformerLayer(
                new SelfAttention(
                        layer.tensor(Part.ATTENTION_NORM),
                        layer.projection(Part.QUERY, Part.QUERY_BIAS),
                        layer.projection(Part.KEY, Part.KEY_BIAS),
                        layer.projection(Part.VALUE, Part.VALUE_BIAS),
                        layer.projection(Part.ATTENTION_OUTPUT, Part.ATTENTION_OUTPUT_BIAS),
                        layer.headNorm(),
                        spec.variations().rotates(index),
                        spec.headDim(),
                        spec.rmsNormEps(),
                        residual),
                new FeedForward(
                        layer.tensor(Part.FEED_FORWARD_NORM),
                        layer.projection(Part.GATE, Part.GATE_BIAS),
                        layer.projection(Part.UP, Part.UP_BIAS),
                        layer.projection(Part.DOWN, Part.DOWN_BIAS),
                        spec.rmsNormEps(),
                        residual));
    }

    /** One layer's tensors by what they are for. */
    private final class LayerTensors {
        private final LlamaTensors llama;
        private final int index;

        LayerTensors(LlamaTensors llama, int index) {
            this.llama = llama;
            this.index = index;
        }

        Tensor tensor(Part part) {
            return get(llama.layer(index, part));
        }

        Projection projection(Part weight, Part bias) {
            return new Projection(
                    tensor(weight), llama.parts().contains(bias) ? new Bias.Added(tensor(bias)) : new Bias.None());
        }

        HeadNorm headNorm() {
            return llama.parts().contains(Part.QUERY_NORM)
                    ? new HeadNorm.EachHead(
                            tensor(Part.QUERY_NORM),
                            tensor(Part.KEY_NORM),
                            llama.spec().rmsNormEps())
                    : new HeadNorm.None();
        }
    }
}
