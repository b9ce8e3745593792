package io.caravan.kernels.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Weights brought into quantised formats in C. */
public final class NativeQuantiser {
    private static final Set<TensorType> TYPES =
            EnumSet.of(TensorType.Q8_0, TensorType.Q4_0, TensorType.Q4_K, TensorType.Q6_K);
    private static final Optional<MethodHandle> QUANTISE = link();

    private NativeQuantiser() {}

    private static Optional<MethodHandle> link() {
        try {
            return Optional.of(NativeLibrary.shared().arraySize("quantise", JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG));
        } catch (UnsupportedOperationException none) {
            return Optional.empty();
        }
    }

    /** Whether there is a library here that writes {@code type}. */
    public static boolean writes(TensorType type) {
        return QUANTISE.isPresent() && TYPES.contains(type);
    }

    /**
     * Stores the elements of {@code source} from {@code from} on as blocks at the byte {@code offset}, up to the first block that
     * it leaves to others.
     *
     * @param data off-heap
     * @return elements stored
     */
    public static int write(TensorType type, float[] source, int from, MemorySegment data, long offset) {
        var count = source.length - from;
        if (count % type.blockElements() != 0) {
            throw new IllegalArgumentException(count + " elements are not whole blocks of " + type);
        }
        try {
            return (int) (long) QUANTISE.orElseThrow()
                    .invokeExact(
                            (long) Kind.of(type).ordinal(),
                            MemorySegment.ofArray(source).asSlice((long) from * Float.BYTES),
                            data.asSlice(offset, type.bytes(count)),
                            (long) count);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
