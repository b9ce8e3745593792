package io.caravan.kernels.nativelib;

import static io.caravan.kernels.nativelib.NativeLibrary.longs;

import io.caravan.kernels.Activations;
import io.caravan.kernels.Layout;
import io.caravan.kernels.Prepared;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Matrix products of packed weights ({@code layout.h}): plain ones and floats, quantised ones and floats, or quantised ones and bytes
 * by their form, in vectors or in tile registers.
 */
final class NativeProducts {
    private static final NativeLibrary LIBRARY = NativeLibrary.shared();
    private static final MethodHandle PREPARE_FLOAT = LIBRARY.kernel("prepare_float", longs(7));
    private static final MethodHandle PREPARE_INT8 = LIBRARY.kernel("prepare_int8", longs(6));
    private static final MethodHandle MATMUL_FLOAT = LIBRARY.kernel("matmul_float", longs(10));
    private static final MethodHandle MATMUL_WIDENED = LIBRARY.kernel("matmul_widened", longs(10));
    private static final MethodHandle MATMUL_TWELVE = LIBRARY.kernel("matmul_twelve_float", longs(9));
    private static final MethodHandle MATMUL_INT8 = LIBRARY.kernel("matmul_int8", longs(9));
    private static final MethodHandle PREPARE_BF16 = LIBRARY.kernel("prepare_bf16", longs(6));
    private static final MethodHandle MULTIPLIES_BF16 = LIBRARY.size("multiplies_bf16");
    private static final MethodHandle PREPARE_TILES = LIBRARY.kernel("prepare_tiles", longs(5));
    private static final MethodHandle TILES_BYTES = LIBRARY.size("tiles_bytes", longs(2));
    private static final MethodHandle MULTIPLIES_TILES = LIBRARY.size("multiplies_tiles", longs(2));
    private static final MethodHandle PACK = LIBRARY.slowKernel("pack", longs(6));
    private static final MethodHandle PACKED_BYTES = LIBRARY.size("packed_bytes", longs(3));

    /** Columns that the packed layout fills rows up to. */
    private static final int PAIR = 64;

    /** Bytes of 32 columns of a quantised row: its numbers, scale, min and four centres. */
    private static final int ROW_BLOCK_BYTES = Activations.BLOCK + 24;

    private NativeProducts() {}

    /** Linked only where the CPU path has it. */
    private static final class Bf16 {
        static final MethodHandle MATMUL = LIBRARY.kernel("matmul_bf16", longs(9));
        static final MethodHandle MATMUL_TWELVE = LIBRARY.kernel("matmul_twelve_bf16", longs(9));
    }

    /** Linked only where the CPU path has it. */
    private static final class Tiles {
        static final MethodHandle MATMUL = LIBRARY.kernel("matmul_tiles", longs(9));
    }

    /** Whether products of BF16 weights and BF16 activations are the CPU's own. */
    static boolean multiplyBf16() {
        try {
            return (long) MULTIPLIES_BF16.invokeExact() != 0;
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Whether so many quantised rows and weights of {@code type} are multiplied in tile registers: the same bits, sooner. */
    static boolean multiplyTiles(TensorType type, int rows) {
        try {
            return (long) MULTIPLIES_TILES.invokeExact(
                            (long) Kind.of(type).layout().ordinal(), (long) rows)
                    != 0;
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

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
        return switch (form) {
            case FLOATS -> throw new IllegalArgumentException("floats that are not padded are not prepared here");
            case PADDED_FLOATS -> rows * stride(k, Float.BYTES);
            case PADDED_BF16 -> rows * stride(k, Short.BYTES);
            case PANELS -> rows * blocks(k) * ROW_BLOCK_BYTES;
            case TILES -> tilesBytes(rows, k);
        };
    }

    private static long tilesBytes(long rows, long k) {
        try {
            return (long) TILES_BYTES.invokeExact(rows, k);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    private static long blocks(int k) {
        return Math.ceilDiv(k, PAIR) * (PAIR / Activations.BLOCK);
    }

    /** Bytes from one row to the next: not a power of two, which would crowd the rows in few sets of the cache. */
    private static long stride(int k, int elementBytes) {
        return Math.ceilDiv((long) k * elementBytes, 64) * 64 + 64;
    }

    /** Fills the rows [from, to) of one of the native forms. */
    static void prepare(Prepared target, Tensor x, long from, long to) {
        var out = target.data().address();
        var k = (long) target.k();
        try {
            switch (target.form()) {
                case FLOATS -> throw new IllegalArgumentException("floats that are not padded are not prepared here");
                case PADDED_FLOATS -> {
                    var rounding = (long) target.precision().ordinal();
                    var stride = stride(target.k(), Float.BYTES);
                    PREPARE_FLOAT.invokeExact(out, x.address(), stride, k, rounding, from, to);
                }
                case PADDED_BF16 ->
                    PREPARE_BF16.invokeExact(out, x.address(), stride(target.k(), Short.BYTES), k, from, to);
                case PANELS -> PREPARE_INT8.invokeExact(out, x.address(), (long) target.rows(), k, from, to);
                case TILES -> PREPARE_TILES.invokeExact(out, x.address(), k, from, to);
            }
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** The columns [from, to) of out = x · wᵀ. */
    static void matmul(Tensor out, Prepared x, Tensor w, long from, long to) {
        var layout = (long) Kind.of(w.type()).layout().ordinal();
        var weights = w.address();
        var input = x.data().address();
        var target = out.address();
        var rows = (long) x.rows();
        var n = w.rows();
        var k = (long) x.k();
        try {
            switch (x.form()) {
                case FLOATS -> throw new IllegalArgumentException("floats that are not padded are not multiplied here");
                case PADDED_FLOATS -> {
                    var stride = stride(x.k(), Float.BYTES);
                    if (w.layout() == Layout.TWELVE_BITS) {
                        MATMUL_TWELVE.invokeExact(weights, input, stride, target, rows, n, k, from, to);
                    } else if (w.type().quantised()) {
                        MATMUL_WIDENED.invokeExact(layout, weights, input, stride, target, rows, n, k, from, to);
                    } else {
                        MATMUL_FLOAT.invokeExact(layout, weights, input, stride, target, rows, n, k, from, to);
                    }
                }
                case PADDED_BF16 -> {
                    var stride = stride(x.k(), Short.BYTES);
                    if (w.layout() == Layout.TWELVE_BITS) {
                        Bf16.MATMUL_TWELVE.invokeExact(weights, input, stride, target, rows, n, k, from, to);
                    } else {
                        Bf16.MATMUL.invokeExact(weights, input, stride, target, rows, n, k, from, to);
                    }
                }
                case PANELS -> MATMUL_INT8.invokeExact(layout, weights, input, target, rows, n, k, from, to);
                case TILES -> Tiles.MATMUL.invokeExact(layout, weights, input, target, rows, n, k, from, to);
            }
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
