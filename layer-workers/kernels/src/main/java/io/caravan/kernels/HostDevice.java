package io.caravan.kernels;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The host's own memory and cores. Kernels have finished when their call returns, so there is nothing to wait for.
 *
 * <p>Tensors lie off-heap in one shared arena, so that any thread may use them; kernels must be called by one thread at a
 * time, which need not be the one that opened the device. After {@link #close} no tensor of the device may be used.
 */
public final class HostDevice implements Device {

    /** A cache line, and the widest vector there is. */
    private static final long ALIGNMENT_BYTES = 64;

    private final Arena arena = Arena.ofShared();
    private final AtomicLong allocatedBytes = new AtomicLong();
    private final HostProvider provider;
    private final ComputePool pool;
    private final HostKernels kernels;

    private HostDevice(HostProvider provider, ComputePool pool) {
        this.provider = provider;
        this.pool = pool;
        this.kernels = new HostKernels(this, provider, pool);
    }

    /**
     * Opens the host with the chosen kernels.
     *
     * @param threads threads that compute, the calling one included
     * @throws IllegalStateException when {@code choice} is {@code VECTOR} and the fast kernels cannot run here
     */
    public static HostDevice open(KernelChoice choice, int threads) {
        var provider = Providers.choose(choice, threads);
        return new HostDevice(provider, new ComputePool("caravan-compute", threads));
    }

    @Override
    public String name() {
        return provider.name();
    }

    /** Threads that compute, the calling one included. */
    public int threads() {
        return pool.threads();
    }

    /** Bytes given out by {@link #allocate}; weights are not counted, they lie where they were. */
    public long allocatedBytes() {
        return allocatedBytes.get();
    }

    @Override
    public Kernels kernels() {
        return kernels;
    }

    @Override
    public Tensor allocate(TensorType type, long rows, long columns) {
        var bytes = type.bytes(Math.multiplyExact(rows, columns));
        var data = arena.allocate(bytes, ALIGNMENT_BYTES);
        allocatedBytes.addAndGet(bytes);
        return new Tensor(this, type, rows, columns, data);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException when {@code data} lies on the Java heap, which kernels cannot address
     */
    @Override
    public Tensor weights(TensorType type, long rows, long columns, MemorySegment data) {
        if (!data.isNative()) {
            throw new IllegalArgumentException("weights must lie off-heap or in a mapped file");
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
