package io.caravan.model;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.LlamaTensors;
import io.caravan.kernels.Device;
import io.caravan.kernels.Tensor;
import io.caravan.model.cache.WeightCache;
import io.caravan.model.kv.KvPool;
import io.caravan.model.kv.KvShape;
import io.caravan.model.layer.Embedding;
import io.caravan.model.layer.Head;
import io.caravan.model.layer.LayerScratch;
import io.caravan.model.layer.Rotation;
import io.caravan.model.layer.TransformerLayer;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.WeightChoice;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StepPlan;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A stage's part of a model: its layers' weights, their keys and values, and everything a step needs between them.
 *
 * <p>A step is: the hidden states of its rows stand in {@link #hidden()} (the first stage makes them from token ids
 * itself), {@link #forward} takes them through the layers in place, and the last stage then {@link #choose chooses} tokens.
 * Nothing about a sequence is kept but the keys and values in its blocks. A row's result has the same bits in every batch,
 * chunk and stage cut, as far as the device's kernels promise it for one row.
 *
 * <p>Kernel calls may still run when {@code forward} returns; {@link Device#read} and {@link Device#synchronize} wait. Used
 * by one thread at a time. The device and the checkpoint stay the caller's: they must outlive the stage, and the stage's
 * memory goes back when the device is closed.
 */
public final class StageModel implements AutoCloseable {
    private final ModelSpec spec;
    private final Device device;
    private final int maxRows;
    private final Optional<Embedding> embedding; // the first stage's
    private final List<TransformerLayer> layers;
    private final Optional<TokenChooser> chooser; // the last stage's
    private final KvPool pool;
    private final Rope rope;
    private final LayerScratch scratch;
    private final Tensor hidden; // [maxRows, hidden]
    private final HeldWeights heldWeights;
    private boolean closed;

    private StageModel(
            LlamaTensors llama,
            StageWeights weights,
            LayerRange range,
            boolean first,
            boolean last,
            Device device,
            KvShape kvShape,
            int maxRows) {
        this.spec = llama.spec();
        this.device = device;
        this.maxRows = maxRows;
        embedding = first ? Optional.of(embedding(llama, weights)) : Optional.empty();
        layers = IntStream.range(range.first(), range.end())
                .mapToObj(layer -> weights.layer(llama, layer))
                .toList();
        chooser = last ? Optional.of(new TokenChooser(device, spec, head(llama, weights))) : Optional.empty();
        pool = new KvPool(device, spec, range, kvShape);
        rope = new Rope(device, spec, maxRows);
        scratch = LayerScratch.allocate(device, spec, maxRows);
        hidden = device.allocate(TensorType.F32, maxRows, spec.hiddenSize());
        heldWeights = weights.held();
    }

    private static Embedding embedding(LlamaTensors llama, StageWeights weights) {
        double multiplier = llama.spec().variations().multipliers().embedding();
        return new Embedding(weights.embedding(), (float) multiplier);
    }

    private Head head(LlamaTensors llama, StageWeights weights) {
        return Head.create(device, spec, weights.get(llama.norm()), weights.get(llama.head()), maxRows);
    }

    /**
     * Finds the stage's tensors, brings them to {@code device} and takes the memory that steps will need. Blocks for as long
     * as the files take to read.
     *
     * @param first whether the stage turns token ids into hidden states
     * @param last whether the stage turns hidden states into tokens
     * @param maxRows most rows of one step
     * @param weightChoice format that matrices are brought into
     * @param cache of weights that a start before this one packed
     * @throws io.caravan.formats.ModelFormatException when a tensor is missing or has another shape
     * @throws IllegalArgumentException when the model has no such layers
     */
    public static StageModel load(
            Checkpoint checkpoint,
            LayerRange layers,
            boolean first,
            boolean last,
            Device device,
            KvShape kvShape,
            int maxRows,
            WeightChoice weightChoice,
            WeightCache cache,
            LoadProgress progress) {
        ModelSpec spec = checkpoint.spec();
        if (layers.end() > spec.layerCount()) {
            throw new IllegalArgumentException(
                    "the stage is to have " + layers + ", but the model has " + spec.layerCount() + " layers");
        }
        if (maxRows < 1) {
            throw new IllegalArgumentException("a step needs at least one row, not " + maxRows);
        }
        var llama = new LlamaTensors(spec);
        StageWeights weights =
                StageWeights.load(checkpoint, llama, layers, first, last, weightChoice, cache, device, progress);
        return new StageModel(llama, weights, layers, first, last, device, kvShape, maxRows);
    }

    /** As the longer one, with weights as they are stored and no cache. */
    public static StageModel load(
            Checkpoint checkpoint,
            LayerRange layers,
            boolean first,
            boolean last,
            Device device,
            KvShape kvShape,
            int maxRows,
            LoadProgress progress) {
        return load(
                checkpoint,
                layers,
                first,
                last,
                device,
                kvShape,
                maxRows,
                WeightChoice.AS_STORED,
                WeightCache.none(),
                progress);
    }

    /**
     * [maxRows, hiddenSize] F32. Before {@link #forward} its leading rows are the previous stage's result, written with
     * {@link Device#write}; afterwards they are this stage's.
     */
    public Tensor hidden() {
        return hidden;
    }

    /**
     * Runs the stage's layers over the plan's rows.
     *
     * @throws IllegalArgumentException when the plan does not fit the stage, before anything is computed
     */
    public void forward(StepPlan plan) {
        checkOpen();
        StepRows rows = StepRows.of(plan, spec, pool, maxRows);
        embedding.ifPresent(table -> table.forward(device.kernels(), hidden, rows.ids()));
        Rotation rotation = rope.at(rows.places().positions(), rows.lengths());
        for (int i = 0; i < layers.size(); i++) {
            var context = pool.attention(i, rows.places());
            layers.get(i).forward(device.kernels(), hidden, rotation, context, scratch, rows.count());
        }
    }

    /** The sequences because of which {@link #forward} refuses a plan, and why. */
    public List<SequenceFault> faults(StepPlan plan) {
        return StepRows.faults(plan, spec, pool);
    }

    /**
     * Tokens for the slices of the plan that ask for them, in its order, from the hidden states that {@link #forward} left:
     * of each slice those of its draft that are right, and one more.
     *
     * @throws IllegalStateException on any stage but the last
     */
    public Choices choose(StepPlan plan) {
        checkOpen();
        return chooser.orElseThrow(() -> new IllegalStateException("only the last stage has a head to choose with"))
                .choose(hidden, plan);
    }

    /** The stage's weights as they lie in memory. */
    public HeldWeights heldWeights() {
        return heldWeights;
    }

    /** Bytes of the stage's KV pool. */
    public long kvBytes() {
        return pool.bytes();
    }

    /** Ends the stage's use; later steps are refused. */
    @Override
    public void close() {
        closed = true;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the stage was closed");
        }
    }
}
