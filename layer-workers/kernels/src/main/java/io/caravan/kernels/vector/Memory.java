package io.caravan.kernels.vector;

import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Loads and stores at absolute addresses, as vectors and as single elements.
 *
 * <p>All memory is one segment that is always alive, so that loops over several tensors carry no liveness checks and only
 * trivial bounds checks. That also means that nothing stops a wrong address: this is the only class which may do so, and
 * {@code HostKernels} checks shapes and indices before any address is formed.
 */
final class Memory {
    @SuppressWarnings("restricted")
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));

    /** Floats in a vector. */
    static final int LANES = FLOATS.length();

    /** Bytes of a vector. */
    static final long VECTOR_BYTES = (long) LANES * Float.BYTES;

    private Memory() {}

    static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(FLOATS, ALL, address, ORDER);
    }

    static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(ALL, address, ORDER);
    }

    /** BF16 is the upper half of a float. */
    static FloatVector loadBfloat16(long address) {
        var shorts = ShortVector.fromMemorySegment(SHORTS, ALL, address, ORDER);
        var ints = (IntVector) shorts.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
        return ints.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /**
     * F16 with its exponent and fraction moved to a float's place is the value divided by 2^112, subnormals included, so a
     * multiplication is exact. Infinities and NaNs come out as 65536 and more, which no finite F16 reaches; they get a
     * float's largest exponent.
     */
    static FloatVector loadFloat16(long address) {
        var shorts = ShortVector.fromMemorySegment(SHORTS, ALL, address, ORDER);
        var ints = (IntVector) shorts.convertShape(VectorOperators.S2I, INTS, 0);
        var small = ints.lanewise(VectorOperators.LSHL, 13).and(0x8fffe000).reinterpretAsFloats();
        var value = small.mul(0x1p112f);
        var special = value.abs().compare(VectorOperators.GE, 65536f);
        return value.reinterpretAsInts()
                .lanewise(VectorOperators.OR, 0x7f800000, special.cast(INTS))
                .reinterpretAsFloats();
    }

    /** A vector of weights, exact. */
    static FloatVector loadWeights(TensorType type, long address) {
        return switch (type) {
            case F32 -> load(address);
            case F16 -> loadFloat16(address);
            case BF16 -> loadBfloat16(address);
            default -> throw new IllegalArgumentException(type + " has no single elements");
        };
    }

    static float getFloat(long address) {
        return ALL.get(FLOAT, address);
    }

    static void setFloat(long address, float value) {
        ALL.set(FLOAT, address, value);
    }

    /** One weight as a float, exact. */
    static float get(TensorType type, long address) {
        return switch (type) {
            case F32 -> getFloat(address);
            case F16 -> Float.float16ToFloat(ALL.get(SHORT, address));
            case BF16 -> Float.intBitsToFloat(ALL.get(SHORT, address) << 16);
            default -> throw new IllegalArgumentException(type + " has no single elements");
        };
    }

    /** Stores a value as F16, rounded to the nearest, ties to even. */
    static void setFloat16(long address, float value) {
        ALL.set(SHORT, address, Float.floatToFloat16(value));
    }

    static void clear(long target, long byteCount) {
        ALL.asSlice(target, byteCount).fill((byte) 0);
    }

    static void copy(long source, float[] target, int at, int count) {
        MemorySegment.copy(ALL, FLOAT, source, target, at, count);
    }

    static void copy(float[] source, int at, long target, int count) {
        MemorySegment.copy(source, at, ALL, FLOAT, target, count);
    }

    static void copy(long source, long target, long byteCount) {
        MemorySegment.copy(ALL, source, ALL, target, byteCount);
    }
}
