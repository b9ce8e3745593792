package io.caravan.kernels.nativelib;

import static io.caravan.kernels.nativelib.NativeLibrary.longs;

import io.caravan.kernels.TwelveBits;
import io.caravan.kernels.WeightRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** BF16 weights in twelve bits as {@code twelve.h} has them. */
final class NativeTwelveBits implements TwelveBits {
    private static final NativeLibrary LIBRARY = NativeLibrary.shared();
    private static final MethodHandle COUNT = LIBRARY.slowKernel("count_exponents", longs(3));
    private static final MethodHandle PACKED_BYTES = LIBRARY.size("twelve_bytes", longs(3));
    private static final MethodHandle PACK = LIBRARY.slowKernel("pack_twelve", longs(8));

    @Override
    public long packedBytes(long rows, long columns, long patches) {
        try {
            return (long) PACKED_BYTES.invokeExact(rows, columns, patches);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    @Override
    public long[] count(MemorySegment numbers, long elements) {
        try (var arena = Arena.ofConfined()) {
            var counts = arena.allocate(ValueLayout.JAVA_LONG, EXPONENTS);
            COUNT.invokeExact(counts.address(), numbers.address(), elements);
            return counts.toArray(ValueLayout.JAVA_LONG);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    @Override
    public void pack(
            MemorySegment packed,
            MemorySegment rows,
            byte[] indexed,
            WeightRows shape,
            long from,
            long to,
            long patchesBefore) {
        try (var arena = Arena.ofConfined()) {
            var table = arena.allocateFrom(ValueLayout.JAVA_BYTE, indexed);
            PACK.invokeExact(
                    packed.address(),
                    rows.address(),
                    table.address(),
                    shape.rows(),
                    shape.columns(),
                    from,
                    to,
                    patchesBefore);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
