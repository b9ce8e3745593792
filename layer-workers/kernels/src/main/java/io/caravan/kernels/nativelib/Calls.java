package io.caravan.kernels.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.util.Collections;

/**
 * The functions of the native library as Java methods; addresses and sizes are {@code long}. Their parameters are described
 * beside the functions, in {@code src/main/c}.
 */
final class Calls {
    static final NativeLibrary LIBRARY = NativeLibrary.load();

    private static final MethodHandle RMS_NORM =
            LIBRARY.kernel("rms_norm", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SWIGLU = LIBRARY.kernel("swiglu", longs(4));
    private static final MethodHandle ADD = LIBRARY.kernel("add", longs(4));
    private static final MethodHandle ADD_BIAS = LIBRARY.kernel("add_bias", longs(5));
    private static final MethodHandle SCALE = LIBRARY.kernel("scale", JAVA_LONG, JAVA_FLOAT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ROPE = LIBRARY.kernel("rope", longs(7));
    private static final MethodHandle PREPARE_FLOAT = LIBRARY.kernel("prepare_float", longs(7));
    private static final MethodHandle PREPARE_INT8 = LIBRARY.kernel("prepare_int8", longs(6));
    private static final MethodHandle MATMUL_F32 = LIBRARY.kernel("matmul_f32", longs(9));
    private static final MethodHandle MATMUL_F16 = LIBRARY.kernel("matmul_f16", longs(9));
    private static final MethodHandle MATMUL_BF16 = LIBRARY.kernel("matmul_bf16", longs(9));
    private static final MethodHandle MATMUL_Q8_0 = LIBRARY.kernel("matmul_q8_0", longs(8));
    private static final MethodHandle MATMUL_Q4_0 = LIBRARY.kernel("matmul_q4_0", longs(8));
    private static final MethodHandle MATMUL_Q4_K = LIBRARY.kernel("matmul_q4_k", longs(8));
    private static final MethodHandle MATMUL_Q6_K = LIBRARY.kernel("matmul_q6_k", longs(8));
    private static final MethodHandle MATMUL_BYTES = LIBRARY.kernel("matmul_bytes", longs(8));
    private static final MethodHandle PACK = LIBRARY.slowKernel("pack", longs(6));
    private static final MethodHandle ATTENTION = LIBRARY.kernel("attention", attention());
    private static final MethodHandle ATTEND_SEGMENT = LIBRARY.kernel("attend_segment", attendSegment());
    private static final MethodHandle MERGE_SEGMENTS = LIBRARY.kernel("merge_segments", longs(10));
    private static final MethodHandle SEGMENT_POSITIONS = LIBRARY.size("segment_positions");
    private static final MethodHandle SEGMENT_BYTES = LIBRARY.size("segment_bytes", longs(1));
    private static final MethodHandle STORE_KV = LIBRARY.kernel("store_kv", longs(12));
    private static final MethodHandle PACKED_BYTES = LIBRARY.size("packed_bytes", longs(3));
    private static final MethodHandle ATTENTION_BYTES = LIBRARY.size("attention_bytes", longs(2));
    private static final MethodHandle ALLOCATE = LIBRARY.function("caravan_allocate", JAVA_LONG);
    private static final MethodHandle RELEASE = LIBRARY.function("caravan_release", longs(2));
    private static final MethodHandle ALLOWED_CPUS = LIBRARY.function("caravan_allowed_cpus", JAVA_LONG);
    private static final MethodHandle PIN = LIBRARY.function("caravan_pin", JAVA_LONG);
    private static final MethodHandle FORGET = LIBRARY.function("caravan_forget", longs(2));

    private Calls() {}

    /** Name of the CPU path. */
    static String path() {
        return LIBRARY.path();
    }

    private static MemoryLayout[] longs(int count) {
        return Collections.nCopies(count, JAVA_LONG).toArray(MemoryLayout[]::new);
    }

    private static MemoryLayout[] attention() {
        var arguments = longs(17);
        arguments[14] = JAVA_FLOAT;
        return arguments;
    }

    private static MemoryLayout[] attendSegment() {
        var arguments = longs(18);
        arguments[14] = JAVA_FLOAT;
        return arguments;
    }

    static void rmsNorm(long out, long x, long weight, float eps, long width, long from, long to) {
        try {
            RMS_NORM.invokeExact(out, x, weight, eps, width, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void swiGlu(long gate, long up, long from, long to) {
        try {
            SWIGLU.invokeExact(gate, up, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void add(long x, long y, long from, long to) {
        try {
            ADD.invokeExact(x, y, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void addBias(long x, long bias, long width, long from, long to) {
        try {
            ADD_BIAS.invokeExact(x, bias, width, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void scale(long x, float factor, long from, long to) {
        try {
            SCALE.invokeExact(x, factor, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void rope(long x, long cosine, long sine, long width, long headDim, long from, long to) {
        try {
            ROPE.invokeExact(x, cosine, sine, width, headDim, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void prepareFloat(long out, long x, long stride, long k, long rounding, long from, long to) {
        try {
            PREPARE_FLOAT.invokeExact(out, x, stride, k, rounding, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void prepareInt8(long out, long x, long rows, long k, long from, long to) {
        try {
            PREPARE_INT8.invokeExact(out, x, rows, k, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void matmulFloat(
            Kind.Product product,
            long w,
            long x,
            long stride,
            long out,
            long rows,
            long n,
            long k,
            long from,
            long to) {
        try {
            switch (product) {
                case F32 -> MATMUL_F32.invokeExact(w, x, stride, out, rows, n, k, from, to);
                case F16 -> MATMUL_F16.invokeExact(w, x, stride, out, rows, n, k, from, to);
                case BF16 -> MATMUL_BF16.invokeExact(w, x, stride, out, rows, n, k, from, to);
                case Q8_0, Q4_0, Q4_K, Q6_K, BYTES -> throw new IllegalArgumentException(product + " is not plain");
            }
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void matmulInt8(
            Kind.Product product, long w, long x, long out, long rows, long n, long k, long from, long to) {
        try {
            switch (product) {
                case Q8_0 -> MATMUL_Q8_0.invokeExact(w, x, out, rows, n, k, from, to);
                case Q4_0 -> MATMUL_Q4_0.invokeExact(w, x, out, rows, n, k, from, to);
                case Q4_K -> MATMUL_Q4_K.invokeExact(w, x, out, rows, n, k, from, to);
                case Q6_K -> MATMUL_Q6_K.invokeExact(w, x, out, rows, n, k, from, to);
                case BYTES -> MATMUL_BYTES.invokeExact(w, x, out, rows, n, k, from, to);
                case F32, F16, BF16 -> throw new IllegalArgumentException(product + " is not quantised");
            }
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void pack(Kind kind, long packed, long rows, long k, long from, long to) {
        try {
            PACK.invokeExact((long) kind.ordinal(), packed, rows, k, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static long packedBytes(Kind kind, long n, long k) {
        try {
            return (long) PACKED_BYTES.invokeExact((long) kind.ordinal(), n, k);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static long attentionBytes(long headDim, long queries) {
        try {
            return (long) ATTENTION_BYTES.invokeExact(headDim, queries);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void attention(
            long out,
            long q,
            long width,
            long keys,
            long values,
            long storage,
            long blockTokens,
            long kvHeads,
            long headDim,
            long kvHead,
            long table,
            long positions,
            long from,
            long to,
            float scale,
            long window,
            long scratch) {
        try {
            ATTENTION.invokeExact(
                    out,
                    q,
                    width,
                    keys,
                    values,
                    storage,
                    blockTokens,
                    kvHeads,
                    headDim,
                    kvHead,
                    table,
                    positions,
                    from,
                    to,
                    scale,
                    window,
                    scratch);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static int segmentPositions() {
        try {
            return Math.toIntExact((long) SEGMENT_POSITIONS.invokeExact());
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static long segmentBytes(long headDim) {
        try {
            return (long) SEGMENT_BYTES.invokeExact(headDim);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void attendSegment(
            long parts,
            long q,
            long width,
            long keys,
            long values,
            long storage,
            long blockTokens,
            long kvHeads,
            long headDim,
            long kvHead,
            long table,
            long positions,
            long from,
            long to,
            float scale,
            long window,
            long segment,
            long scratch) {
        try {
            ATTEND_SEGMENT.invokeExact(
                    parts,
                    q,
                    width,
                    keys,
                    values,
                    storage,
                    blockTokens,
                    kvHeads,
                    headDim,
                    kvHead,
                    table,
                    positions,
                    from,
                    to,
                    scale,
                    window,
                    segment,
                    scratch);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void mergeSegments(
            long out,
            long parts,
            long segments,
            long width,
            long kvHeads,
            long headDim,
            long kvHead,
            long from,
            long to,
            long scratch) {
        try {
            MERGE_SEGMENTS.invokeExact(out, parts, segments, width, kvHeads, headDim, kvHead, from, to, scratch);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void storeKv(
            long keys,
            long values,
            long key,
            long value,
            long storage,
            long blockTokens,
            long kvHeads,
            long headDim,
            long blocks,
            long offsets,
            long from,
            long to) {
        try {
            STORE_KV.invokeExact(
                    keys, values, key, value, storage, blockTokens, kvHeads, headDim, blocks, offsets, from, to);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Address of zeroed memory; 0 when there is none. */
    static long allocate(long bytes) {
        try {
            return (long) ALLOCATE.invokeExact(bytes);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void release(long address, long bytes) {
        try {
            var ignored = (long) RELEASE.invokeExact(address, bytes);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static void forget(long address, long bytes) {
        try {
            var ignored = (long) FORGET.invokeExact(address, bytes);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Which of the 64 CPUs from {@code 64 * word} on the calling thread may run on, a bit each. */
    static long allowedCpus(long word) {
        try {
            return (long) ALLOWED_CPUS.invokeExact(word);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Lets the calling thread run on one CPU only; 0, or the system's error number. */
    static long pin(long cpu) {
        try {
            return (long) PIN.invokeExact(cpu);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    static RuntimeException failed(Throwable e) {
        return switch (e) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
