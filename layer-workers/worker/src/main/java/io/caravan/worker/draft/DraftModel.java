package io.caravan.worker.draft;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.kernels.Device;
import io.caravan.model.LoadProgress;
import io.caravan.model.StageModel;
import io.caravan.model.kv.KvShape;
import io.caravan.proto.draft.Drafter;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small model that guesses for a big one, whole, with its own device and a bounded KV pool, on a thread of its own: the
 * scheduler asks and looks, and never waits.
 */
public final class DraftModel implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DraftModel.class);
    private static final int BLOCK_TOKENS = 16;
    private static final int MAX_ORDERS = 4096;
    private static final long STOP_MS = 5_000;

    /** What the thread is told. */
    private sealed interface Order {
        record Ask(Inquiry inquiry, int from, TokenIds certain, int count) implements Order {}

        record Forget(Inquiry inquiry) implements Order {}

        record Stop() implements Order {}
    }

    /**
     * An answer.
     *
     * @param size the sequence's certain tokens; 0 before the first answer
     * @param tokens guessed to follow them
     */
    record Guess(int size, TokenIds tokens) {}

    /** A sequence between the one who asks and the thread that answers. */
    static final class Inquiry {
        private final long key;
        private volatile Guess guess = new Guess(0, TokenIds.EMPTY);

        private Inquiry(long key) {
            this.key = key;
        }

        /** The last answer. */
        Guess guess() {
            return guess;
        }
    }

    private final Checkpoint checkpoint;
    private final Device device;
    private final StageModel model;
    private final Guesser guesser;
    private final ArrayBlockingQueue<Order> orders = new ArrayBlockingQueue<>(MAX_ORDERS);
    private final AtomicLong keys = new AtomicLong();
    private final Thread thread;
    private volatile boolean works = true;

    private DraftModel(Checkpoint checkpoint, Device device, int kvTokens) {
        this.checkpoint = checkpoint;
        this.device = device;
        ModelSpec spec = checkpoint.spec();
        var kv = new KvShape(Math.ceilDiv(kvTokens, BLOCK_TOKENS), BLOCK_TOKENS, TensorType.F16);
        var layers = new LayerRange(0, spec.layerCount());
        model = StageModel.load(checkpoint, layers, true, true, device, kv, Guesser.MAX_ROWS, LoadProgress.IGNORED);
        guesser = new Guesser(model, spec, kv);
        thread = new Thread(this::run, "draft-model");
        thread.setDaemon(true);
    }

    /**
     * Loads the model in {@code folder}. Blocks for as long as that takes.
     *
     * @param served the model that it guesses for
     * @param devices opens the device, which is closed with the model
     * @param kvTokens tokens of all sequences together whose keys and values are kept
     * @throws IllegalArgumentException when its vocabulary is not the served model's
     * @throws io.caravan.formats.ModelFormatException when it cannot be read
     */
    public static DraftModel open(Path folder, ModelSpec served, Supplier<Device> devices, int kvTokens) {
        Checkpoint checkpoint = Checkpoints.open(folder);
        try {
            requireSameVocabulary(folder, checkpoint.spec(), served);
            Device device = devices.get();
            try {
                var opened = new DraftModel(checkpoint, device, kvTokens);
                opened.thread.start();
                LOG.info("The model in {} guesses for {}, on {}", folder, served.name(), device.name());
                return opened;
            } catch (RuntimeException | Error failure) {
                device.close();
                throw failure;
            }
        } catch (RuntimeException | Error failure) {
            checkpoint.close();
            throw failure;
        }
    }

    private static void requireSameVocabulary(Path folder, ModelSpec draft, ModelSpec served) {
        if (draft.vocabSize() != served.vocabSize()) {
            throw new IllegalArgumentException("the draft model in " + folder + " has a vocabulary of "
                    + draft.vocabSize() + " tokens, " + served.name() + " has one of " + served.vocabSize()
                    + ": it must be the same");
        }
    }

    /** A drafter for one engine. */
    public Drafter drafter() {
        return drafter(System::nanoTime);
    }

    /**
     * A drafter for one engine.
     *
     * @param clock nanoseconds that never go back, by which it is decided whether waiting for guesses pays; one that stands
     *     still has every guess waited for
     */
    public Drafter drafter(LongSupplier clock) {
        return new ModelDrafter(this, clock);
    }

    Inquiry inquiry() {
        return new Inquiry(keys.incrementAndGet());
    }

    /**
     * Asks for guesses, which will be the inquiry's.
     *
     * @param certain the sequence's tokens from {@code from} on; those before were told already
     * @return whether the question was taken
     */
    boolean ask(Inquiry inquiry, int from, TokenIds certain, int count) {
        return orders.offer(new Order.Ask(inquiry, from, certain, count));
    }

    /** What is lost of these orders is forgotten in time: the thread remembers so many sequences only. */
    void forget(Inquiry inquiry) {
        if (!orders.offer(new Order.Forget(inquiry))) {
            LOG.debug("The draft model is too busy to forget sequence {} at once", inquiry.key);
        }
    }

    /** Whether answers can be expected. */
    boolean works() {
        return works;
    }

    private void run() {
        try {
            while (works) {
                carryOut(orders.take());
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error failure) {
            LOG.error("The draft model broke; decoding goes on without it", failure);
        } finally {
            works = false;
            model.close();
            device.close();
            checkpoint.close();
        }
    }

    private void carryOut(Order order) {
        switch (order) {
            case Order.Ask ask -> {
                TokenIds tokens = guesser.guess(ask.inquiry().key, ask.from(), ask.certain(), ask.count());
                int size = ask.from() + ask.certain().size();
                ask.inquiry().guess = new Guess(size, tokens);
            }
            case Order.Forget forget -> guesser.forget(forget.inquiry().key);
            case Order.Stop stop -> works = false;
        }
    }

    /** Ends the thread after the question at hand, and gives the memory back. */
    @Override
    public void close() {
        works = false;
        orders.clear();
        orders.offer(new Order.Stop());
        try {
            thread.join(STOP_MS);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }
}
