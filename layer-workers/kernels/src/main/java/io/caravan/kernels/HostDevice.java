package io.caravan.kernels;

import io.caravan.kernels.quant.StoredFloats;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The host's own memory and cores. Kernels have finished when their call returns, so there is nothing to wait for.
 *
 * <p>Tensors lie off-heap in one shared arena, so that any thread may use them; kernels must be called by one thread at a
 * time, which need not be the one that opened the device. After {@link #close} no tensor of the device may be used.
 */
public final class HostDevice implements Device {

    /** Rows that one thread packs at a time; a multiple of all providers' groups of rows. */
    private static final long PACK_ROWS = 64;

    /**
     * BF16 weights are packed in twelve bits where of so many numbers at most one has an exponent without an index: beyond, products would
     * stop at patches too often.
     */
    private static final long NUMBERS_FOR_A_PATCH = 1000;

    /** Numbers that one thread converts at a time. */
    private static final long CONVERTED_ELEMENTS = 16_384;

    private final Arena arena = Arena.ofShared();
    private final AtomicLong allocatedBytes = new AtomicLong();
    private final HostProvider provider;
    private final ComputePool pool;
    private final ActivationChoice activations;
    private final Optional<TwelveBits> twelveBits;
    private final HostKernels kernels;
    private final WeightMemory weightMemory;

    private HostDevice(HostProvider provider, ComputePool pool, ActivationChoice activations, Bf16Storage bf16Storage) {
        this.provider = provider;
        this.pool = pool;
        this.activations = activations;
        this.twelveBits = bf16Storage == Bf16Storage.TWELVE_BITS ? provider.twelveBits() : Optional.empty();
        this.kernels = new HostKernels(this, provider, pool, activations);
        this.weightMemory = new WeightMemory(bytes -> provider.allocate(arena, bytes), provider.slabBytes());
    }

    /** Opens the host with the chosen kernels and what is usual for activations. */
    public static HostDevice open(KernelChoice choice, int threads) {
        return open(choice, threads, ActivationChoice.AUTO);
    }

    /**
     * Opens the host with the chosen kernels.
     *
     * @param threads threads that compute, the calling one included
     * @throws IllegalStateException when {@code choice} names kernels that cannot run here; says why
     */
    public static HostDevice open(KernelChoice choice, int threads, ActivationChoice activations) {
        return open(choice, threads, activations, Bf16Storage.TWELVE_BITS, CpuList.ANY);
    }

    /**
     * As the shorter one.
     *
     * @param bf16Storage how BF16 weights are packed, as far as the kernels can
     * @param cpus that the threads are pinned to, in turn; the process must be allowed to run on them
     */
    public static HostDevice open(
            KernelChoice choice, int threads, ActivationChoice activations, Bf16Storage bf16Storage, CpuList cpus) {
        var provider = Providers.choose(choice, threads, activations);
        return new HostDevice(provider, new ComputePool("caravan-compute", threads, cpus), activations, bf16Storage);
    }

    @Override
    public String name() {
        return activations == ActivationChoice.AUTO
                ? provider.name()
                : provider.name() + "/" + activations.name().toLowerCase(Locale.ROOT);
    }

    /** Threads that compute, the calling one included. */
    public int threads() {
        return pool.threads();
    }

    /** Bytes given out by {@link #allocate} and taken by weights that were laid out anew. */
    public long allocatedBytes() {
        return allocatedBytes.get();
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public LogitKernels logits() {
        return provider.logits();
    }

    @Override
    public Tensor allocate(TensorType type, long rows, long columns) {
        var bytes = type.bytes(Math.multiplyExact(rows, columns));
        var data = provider.allocate(arena, bytes);
        allocatedBytes.addAndGet(bytes);
        return new Tensor(this, type, rows, columns, data);
    }

    @Override
    public Tensor weights(WeightRows weights) {
        var packedBytes = packedBytes(weights.type(), weights.rows(), weights.columns());
        if (packedBytes > 0) {
            var tensor = inTwelveBits(weights).orElseGet(() -> packed(weights, packedBytes));
            provider.forget(weights.source());
            return tensor;
        }
        if (weights instanceof StoredRows stored) {
            if (stored.data().isMapped()) {
                stored.data().load(); // here and not in the first step, which somebody waits for
            }
            return table(stored.type(), stored.rows(), stored.columns(), stored.data());
        }
        var rowBytes = weights.type().bytes(weights.columns());
        var data = allocateWeights(weights.rows() * rowBytes);
        inPieces(
                weights,
                weights::rows,
                (rows, from, to) -> MemorySegment.copy(rows, 0, data, from * rowBytes, rows.byteSize()));
        return new Tensor(this, weights.type(), weights.rows(), weights.columns(), data);
    }

    private Tensor packed(WeightRows weights, long packedBytes) {
        var packed = allocateWeights(packedBytes);
        inPieces(
                weights,
                weights::rows,
                (rows, from, to) -> provider.pack(weights.type(), packed, rows, weights.columns(), from, to));
        return tensor(weights, packed, Layout.PACKED);
    }

    private Tensor tensor(WeightRows weights, MemorySegment data, Layout layout) {
        return new Tensor(this, weights.type(), weights.rows(), weights.columns(), data, layout);
    }

    /** Reads the weights twice, the second time from the system's memory: which exponents are frequent is known only at their end. */
    private Optional<Tensor> inTwelveBits(WeightRows weights) {
        if (twelveBits.isEmpty() || weights.type() != TensorType.BF16) {
            return Optional.empty();
        }
        var packing = twelveBits.get();
        var counts = new long[pieceCount(weights)][];
        inPieces(
                weights,
                weights::rows,
                (rows, from, to) ->
                        counts[(int) (from / PACK_ROWS)] = packing.count(rows, (to - from) * weights.columns()));
        var exponents = new Exponents(counts);
        var patchesBefore = exponents.patchesBefore();
        var patches = patchesBefore[counts.length];
        var bytes = packing.packedBytes(weights.rows(), weights.columns(), patches);
        if (bytes == 0 || patches > mostPatches(weights.rows(), weights.columns())) {
            return Optional.empty();
        }
        var packed = allocateWeights(bytes);
        var indexed = exponents.indexed();
        inPieces(
                weights,
                weights::rowsAgain,
                (rows, from, to) -> packing.pack(
                        packed, rows, indexed, weights, from, to, patchesBefore[(int) (from / PACK_ROWS)]));
        return Optional.of(tensor(weights, packed, Layout.TWELVE_BITS));
    }

    private static long mostPatches(long rows, long columns) {
        return rows * columns / NUMBERS_FOR_A_PATCH;
    }

    @Override
    public Bf16Storage bf16Storage() {
        return twelveBits.isPresent() ? Bf16Storage.TWELVE_BITS : Bf16Storage.SIXTEEN_BITS;
    }

    @Override
    public boolean takes(TensorType type, long rows, long columns, PackedSource source) {
        var bytes = source.byteSize();
        return switch (source.layout()) {
            case ROWS -> false;
            case PACKED -> bytes > 0 && bytes == packedBytes(type, rows, columns);
            case TWELVE_BITS ->
                type == TensorType.BF16
                        && twelveBits
                                .filter(packing -> bytes > 0
                                        && bytes >= packing.packedBytes(rows, columns, 0)
                                        && bytes <= packing.packedBytes(rows, columns, mostPatches(rows, columns)))
                                .isPresent();
        };
    }

    @Override
    public long packedBytes(TensorType type, long rows, long columns) {
        return provider.packedBytes(type, rows, columns);
    }

    @Override
    public boolean computesFrom(MemorySegment file) {
        return provider.computesFrom(file);
    }

    @Override
    public Optional<Tensor> packed(TensorType type, long rows, long columns, PackedSource source) {
        var bytes = source.byteSize();
        if (!takes(type, rows, columns, source)) {
            throw new IllegalArgumentException("weights of " + rows + " x " + columns + " " + type
                    + " are not packed as " + source.layout() + " here, or take other than " + bytes + " packed bytes");
        }
        var packed = source.mapped().orElseGet(() -> allocateWeights(bytes));
        var pieceBytes = source.pieceBytes();
        var damaged = new AtomicBoolean();
        pool.run(Math.toIntExact(Math.ceilDiv(bytes, pieceBytes)), (thread, piece) -> {
            var from = piece * pieceBytes;
            if (!damaged.get() && !source.read(from, packed.asSlice(from, Math.min(pieceBytes, bytes - from)))) {
                damaged.set(true);
            }
        });
        if (damaged.get()) {
            if (source.mapped().isEmpty()) {
                weightMemory.giveBack(packed);
                allocatedBytes.addAndGet(-bytes);
            }
            return Optional.empty();
        }
        return Optional.of(new Tensor(this, type, rows, columns, packed, source.layout()));
    }

    private MemorySegment allocateWeights(long bytes) {
        allocatedBytes.addAndGet(bytes);
        return weightMemory.take(bytes);
    }

    private interface Piece {
        void take(MemorySegment rows, long from, long to);
    }

    private interface RowReader {
        MemorySegment rows(long from, long to);
    }

    private void inPieces(WeightRows weights, RowReader reader, Piece piece) {
        pool.run(pieceCount(weights), (thread, part) -> {
            var from = part * PACK_ROWS;
            var to = Math.min(weights.rows(), from + PACK_ROWS);
            piece.take(reader.rows(from, to), from, to);
        });
    }

    private static int pieceCount(WeightRows weights) {
        return Math.toIntExact(Math.ceilDiv(weights.rows(), PACK_ROWS));
    }

    /** {@inheritDoc} Few of its rows are looked up, so that a mapped one comes in row by row. */
    @Override
    public Tensor table(TensorType type, long rows, long columns, MemorySegment data) {
        if (!data.isNative()) {
            throw new IllegalArgumentException("a table must lie off-heap or in a mapped file");
        }
        return new Tensor(this, type, rows, columns, data);
    }

    @Override
    public void write(Tensor target, MemorySegment source, long byteCount) {
        MemorySegment.copy(source, 0, target.data(), 0, byteCount);
    }

    @Override
    public void read(Tensor source, MemorySegment target, long byteCount) {
        MemorySegment.copy(source.data(), 0, target, 0, byteCount);
    }

    @Override
    public void write(Tensor target, TensorType type, MemorySegment source, long count) {
        convert(type, source, TensorType.F32, target.data(), count);
    }

    @Override
    public void read(Tensor source, TensorType type, MemorySegment target, long count) {
        convert(TensorType.F32, source.data(), type, target, count);
    }

    private void convert(TensorType from, MemorySegment source, TensorType to, MemorySegment target, long count) {
        if (from == to) {
            MemorySegment.copy(source, 0, target, 0, from.bytes(count));
            return;
        }
        pool.run(Math.toIntExact(Math.ceilDiv(count, CONVERTED_ELEMENTS)), (thread, part) -> {
            var first = part * CONVERTED_ELEMENTS;
            var floats = new float[(int) Math.min(CONVERTED_ELEMENTS, count - first)];
            StoredFloats.read(from, source, from.bytes(first), floats);
            StoredFloats.write(to, floats, target, to.bytes(first));
        });
    }

    @Override
    public void synchronize() {
        // kernels have finished when their call returns
    }

    @Override
    public void close() {
        pool.close();
        provider.close();
        arena.close();
    }
}
