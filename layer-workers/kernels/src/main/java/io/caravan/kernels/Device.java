package io.caravan.kernels;

import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A memory and the kernels that compute in it: the host's, or later a GPU's. Kernel calls run in the order they were made
 * and may be asynchronous; {@link #synchronize} waits for them, and {@link #read} does too.
 */
public interface Device extends AutoCloseable {

    /** Provider and path, as {@code vector/avx2}: equal names promise equal bits. */
    String name();

    Kernels kernels();

    /** A zeroed tensor, given back when the device is closed. */
    Tensor allocate(TensorType type, long rows, long columns);

    /** What chooses tokens from logits once they were read; used by one thread at a time. The same bits on any device. */
    LogitKernels logits();

    /**
     * Weights of matrix products, from host memory. A device may use them where they are, so they must stay alive as long as
     * the device does; or lay them out anew, so the tensor is good for {@link Kernels#matmul} only.
     */
    Tensor weights(WeightRows weights);

    /** As {@link #weights(WeightRows)}, of rows back to back at {@code data}. */
    default Tensor weights(TensorType type, long rows, long columns, MemorySegment data) {
        return weights(new StoredRows(type, rows, columns, data));
    }

    /**
     * Bytes that {@link #weights} packs a matrix into, or fewer where it packs it in twelve bits; 0 where it leaves it as it is. Devices of
     * one {@link #name} and {@link #bf16Storage} pack alike.
     */
    long packedBytes(TensorType type, long rows, long columns);

    /** In how many bits BF16 weights are packed here. */
    Bf16Storage bf16Storage();

    /** Whether {@link #packed} takes {@code source} as a matrix of this type and shape, as far as its layout and size tell. */
    boolean takes(TensorType type, long rows, long columns, PackedSource source);

    /**
     * Whether the device computes from packed weights where they lie in {@code file}, which is mapped whole. Where it does, the file
     * must stay mapped as long as such weights are used.
     */
    boolean computesFrom(MemorySegment file);

    /**
     * Weights that were packed before.
     *
     * @param source a packed matrix of this type and shape, made by a device of the same name; read or checked whole before this returns
     * @return empty where the source is damaged
     * @throws IllegalArgumentException when this device does not {@link #takes take} it
     */
    Optional<Tensor> packed(TensorType type, long rows, long columns, PackedSource source);

    /** A table of rows for {@link Kernels#embed}, from host memory, which must stay alive as long as the device does. */
    Tensor table(TensorType type, long rows, long columns, MemorySegment data);

    /** Copies host bytes into the first {@code byteCount} bytes of {@code target}. */
    void write(Tensor target, MemorySegment source, long byteCount);

    /** Waits for the kernels and copies the first {@code byteCount} bytes of {@code source} into host memory. */
    void read(Tensor source, MemorySegment target, long byteCount);

    /**
     * Brings numbers from host memory, stored there as {@code type}, into the first {@code count} elements of {@code target}.
     *
     * @param target F32
     */
    void write(Tensor target, TensorType type, MemorySegment source, long count);

    /**
     * Waits for the kernels and stores the first {@code count} elements of {@code source} in host memory as {@code type},
     * which is not quantised: each as the nearest that the type has, ties to even.
     *
     * @param source F32
     */
    void read(Tensor source, TensorType type, MemorySegment target, long count);

    /** Waits until every kernel called so far has finished. */
    void synchronize();

    @Override
    void close();
}
