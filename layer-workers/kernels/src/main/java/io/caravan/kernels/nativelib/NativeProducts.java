package io.caravan.kernels.nativelib;

import static io.caravan.kernels.nativelib.NativeLibrary.longs;

import io.caravan.kernels.Activations;
import io.caravan.kernels.Prepared;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Matrix products of packed weights ({@code layout.h}): plain ones and floats, quantised ones and floats, or quantised ones and bytes
 * by their form.
 */
final class NativeProducts {
    private static final NativeLibrary LIBRARY = NativeLibrary.shared();
    private static final MethodHandle PREPARE_FLOAT = LIBRARY.kernel("prepare_float", longs(7));
    private static final MethodHandle PREPARE_INT8 = LIBRARY.kernel("prepare_int8", longs(6));
    private static final MethodHandle MATMUL_FLOAT = LIBRARY.kernel("matmul_float", longs(10));
    private static final MethodHandle MATMUL_WIDENED = LIBRARY.kernel("matmul_widened", longs(10));
    private static final MethodHandle MATMUL_INT8 = LIBRARY.kernel("matmul_int8", longs(9));
    private static final MethodHandle PACK = LIBRARY.slowKernel("pack", longs(6));
    private static final MethodHandle PACKED_BYTES = LIBRARY.size("packed_bytes", longs(3));

    /** Columns that the packed layout fills rows up to. */
    private static final int PAIR = 64;

    /** Bytes of 32 columns of a quantised row: its numbers, scale, min and four centres. */
    private static final int ROW_BLOCK_BYTES = Activations.BLOCK + 24;

    private NativeProducts() {}

    static long packedBytes(TensorType type, long rows, long columns) {
        try {
            return (long) PACKED_BYTES.invokeExact((long) Kind.of(type).ordinal(), rows, columns);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static void pack(TensorType type, MemorySegment packed, MemorySegment rows, long columns, long from, long to) {
        try {
            PACK.invokeExact((long) Kind.of(type).ordinal(), packed.address(), rows.address(), columns, from, to);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Bytes of prepared activations in one of the native forms. */
    static long preparedBytes(Prepared.Form form, int rows, int k) {
        return form == Prepared.Form.PADDED_FLOATS ? rows * stride(k) : (long) rows * blocks(k) * ROW_BLOCK_BYTES;
    }

    private static int blocks(int k) {
        return Math.ceilDiv(k, PAIR) * (PAIR / Activations.BLOCK);
    }

    /** Bytes from one row of floats to the next: not a power of two, which would crowd the rows in few sets of the cache. */
    private static long stride(int k) {
        return Math.ceilDiv(k, 16) * 64L + 64;
    }

    /** Fills the rows [from, to) of one of the native forms. */
    static void prepare(Prepared target, Tensor x, long from, long to) {
        var out = target.data().address();
        var k = (long) target.k();
        try {
            if (target.form() == Prepared.Form.PADDED_FLOATS) {
                var rounding = (long) target.precision().ordinal();
                PREPARE_FLOAT.invokeExact(out, x.address(), stride(target.k()), k, rounding, from, to);
            } else {
                PREPARE_INT8.invokeExact(out, x.address(), (long) target.rows(), k, from, to);
            }
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** The columns [from, to) of out = x · wᵀ. */
    static void matmul(Tensor out, Prepared x, Tensor w, long from, long to) {
        var layout = (long) Kind.of(w.type()).layout().ordinal();
        var input = x.data().address();
        var rows = (long) x.rows();
        var k = (long) x.k();
        try {
            if (x.form() == Prepared.Form.PANELS) {
                MATMUL_INT8.invokeExact(layout, w.address(), input, out.address(), rows, w.rows(), k, from, to);
            } else if (w.type().quantised()) {
                var stride = stride(x.k());
                MATMUL_WIDENED.invokeExact(
                        layout, w.address(), input, stride, out.address(), rows, w.rows(), k, from, to);
            } else {
                var stride = stride(x.k());
                MATMUL_FLOAT.invokeExact(
                        layout, w.address(), input, stride, out.address(), rows, w.rows(), k, from, to);
            }
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
