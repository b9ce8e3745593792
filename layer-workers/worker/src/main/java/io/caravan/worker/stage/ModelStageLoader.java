package io.caravan.worker.stage;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.ModelFormatException;
import io.caravan.kernels.Device;
import io.caravan.kernels.JitThreads;
import io.caravan.model.StageModel;
import io.caravan.model.cache.WeightCache;
import io.caravan.model.kv.KvShape;
import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads a stage from a checkpoint on this worker's disk, after it made sure that the checkpoint is the pipeline's and that
 * the stage fits in memory.
 */
public final class ModelStageLoader implements StageLoader {
    private static final Logger LOG = LoggerFactory.getLogger(ModelStageLoader.class);

    private final Function<Precision, Device> devices;
    private final MemoryBudget memory;
    private final Duration memoryWait;
    private final String models;
    private final WeightCache cache;

    /**
     * @param devices opens a device for each stage, which computes in such precision; its memory goes when the stage
     *     does
     * @param memoryWait longest wait for memory that another stage gives back
     * @param models folder to look for a model in that is not where the pipeline says; empty for none
     * @param cache of packed weights
     */
    public ModelStageLoader(
            Function<Precision, Device> devices,
            MemoryBudget memory,
            Duration memoryWait,
            String models,
            WeightCache cache) {
        this.devices = devices;
        this.memory = memory;
        this.memoryWait = memoryWait;
        this.models = models;
        this.cache = cache;
    }

    @Override
    public StageCompute load(StageAssignment assignment, Progress progress) {
        var owned = new ArrayDeque<AutoCloseable>();
        try {
            return load(assignment, progress, owned);
        } catch (ModelFormatException | IllegalArgumentException unusable) {
            closeAll(owned);
            throw new StageRefusedException(unusable.getMessage());
        } catch (InterruptedException ended) {
            closeAll(owned);
            Thread.currentThread().interrupt();
            throw new StageRefusedException("the process ends");
        } catch (Throwable failure) {
            closeAll(owned);
            throw failure;
        }
    }

    private StageCompute load(StageAssignment stage, Progress progress, Deque<AutoCloseable> owned)
            throws InterruptedException {
        long startedNs = System.nanoTime();
        Path place = locate(stage.model());
        Checkpoint checkpoint = Checkpoints.open(place);
        owned.push(checkpoint);
        checkpoint.strays().forEach(stray -> LOG.warn("in {}: {}", place, stray));
        if (!checkpoint.fingerprint().equals(stage.model().fingerprint())) {
            throw new StageRefusedException("another model is in " + place + ": its fingerprint is "
                    + checkpoint.fingerprint() + ", the pipeline's is "
                    + stage.model().fingerprint());
        }
        Device device = devices.apply(stage.precision());
        owned.push(device);
        var need = StageMemory.of(checkpoint.spec(), stage, device.bf16Storage());
        MemoryBudget.Reservation reservation = memory.reserve(need.totalBytes(), memoryWait);
        owned.addLast(reservation); // goes back when the device has given its memory back
        StageModel model = StageModel.load(
                checkpoint,
                stage.layers(),
                stage.first(),
                stage.last(),
                device,
                new KvShape(
                        stage.kvBlockCount(),
                        stage.kvBlockTokens(),
                        stage.precision().kv()),
                stage.maxRows(),
                stage.precision().weights(),
                cache,
                progress::loaded);
        owned.push(model);
        // Only now it is known which BF16 matrices lie in twelve bits.
        reservation.resize(model.heldWeights().bytes() + model.kvBytes(), memoryWait);
        JitThreads.giveWayTo(device);
        LOG.info(
                "stage {} ({}) is loaded: {} MiB of weights as {}, {} MiB for keys and values, in {} ms",
                stage.stage().entityId(),
                stage.layers(),
                model.heldWeights().bytes() >> 20,
                model.heldWeights().form(),
                model.kvBytes() >> 20,
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNs));
        return new ModelCompute(model, device, stage.maxRows(), owned);
    }

    private Path locate(ModelRef model) {
        Path named = Path.of(model.directory());
        if (Files.exists(named)) {
            return named;
        }
        if (models.isEmpty()) {
            throw new StageRefusedException("there is no model " + named
                    + "; every worker needs the model at this path, or in the folder that caravan.worker.models names");
        }
        Path own = Path.of(models).resolve(named.getFileName());
        if (!Files.exists(own)) {
            throw new StageRefusedException("there is neither a model " + named + " nor " + own);
        }
        return own;
    }

    /** Closes from the first on, whatever happens on the way. */
    static void closeAll(Deque<AutoCloseable> owned) {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (Exception failure) {
                LOG.error("A stage could not give everything back", failure);
            }
        }
    }
}
