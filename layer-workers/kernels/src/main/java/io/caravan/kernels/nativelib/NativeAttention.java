package io.caravan.kernels.nativelib;

import static io.caravan.kernels.nativelib.NativeLibrary.longs;

import io.caravan.kernels.AttentionPart;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.PagedRows;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandle;

/** Attention over the paged cache ({@code attention.c}), and what stores into it. */
final class NativeAttention {
    private static final NativeLibrary LIBRARY = NativeLibrary.shared();
    private static final MethodHandle ATTENTION = LIBRARY.kernel("attention", longs(1));
    private static final MethodHandle ATTEND_SEGMENT = LIBRARY.kernel("attend_segment", longs(3));
    private static final MethodHandle MERGE_SEGMENTS = LIBRARY.kernel("merge_segments", longs(3));
    private static final MethodHandle ATTENTION_BYTES = LIBRARY.size("attention_bytes", longs(2));
    private static final MethodHandle SEGMENT_POSITIONS = LIBRARY.size("segment_positions");
    private static final MethodHandle SEGMENT_BYTES = LIBRARY.size("segment_bytes", longs(1));
    private static final MethodHandle STORE_KV = LIBRARY.kernel("store_kv", longs(12));

    private NativeAttention() {}

    /** Over all that the rows see. */
    static void attend(Scratch scratch, AttentionPart part) {
        try {
            ATTENTION.invokeExact(argument(scratch, part));
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Over one segment alone. */
    static void attendSegment(Scratch scratch, AttentionPart part, long results, long segment) {
        try {
            ATTEND_SEGMENT.invokeExact(argument(scratch, part), results, segment);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static void mergeSegments(Scratch scratch, AttentionPart part, long results, long segments) {
        try {
            MERGE_SEGMENTS.invokeExact(argument(scratch, part), results, segments);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Address of {@code struct attention} in {@code attention.h}: its fields in their order. */
    private static long argument(Scratch scratch, AttentionPart part) {
        var kv = part.kv();
        var first = TensorType.F32.bytes(part.rowFrom() * part.q().columns());
        scratch.places(part);
        return scratch.argument(
                part.out().address() + first,
                part.q().address() + first,
                kv.keys().address(),
                kv.values().address(),
                scratch.table(),
                scratch.positions(),
                scratch.memory(attentionBytes(kv.headDim(), (long) part.rows() * part.groupHeads())),
                part.rows(),
                part.q().columns(),
                storage(kv),
                kv.blockTokens(),
                kv.kvHeads(),
                kv.headDim(),
                part.kvHead(),
                kv.rule().window(),
                Double.doubleToRawLongBits(kv.rule().scale()));
    }

    private static long attentionBytes(long headDim, long queries) {
        try {
            return (long) ATTENTION_BYTES.invokeExact(headDim, queries);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static int segmentPositions() {
        try {
            return Math.toIntExact((long) SEGMENT_POSITIONS.invokeExact());
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static long segmentBytes(long headDim) {
        try {
            return (long) SEGMENT_BYTES.invokeExact(headDim);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Stores keys and values of the rows [rowFrom, rowTo). */
    static void store(KvLayer kv, Tensor key, Tensor value, PagedRows where, int rowFrom, int rowTo) {
        try (var arena = Arena.ofConfined()) {
            var places = new Places(arena, kv, where, rowFrom, rowTo);
            STORE_KV.invokeExact(
                    kv.keys().address(),
                    kv.values().address(),
                    key.address() + TensorType.F32.bytes(rowFrom * key.columns()),
                    value.address() + TensorType.F32.bytes(rowFrom * value.columns()),
                    storage(kv),
                    (long) kv.blockTokens(),
                    (long) kv.kvHeads(),
                    (long) kv.headDim(),
                    places.blocks(),
                    places.offsets(),
                    0L,
                    (long) (rowTo - rowFrom));
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** How keys and values are stored, as {@code kv.h} numbers it. */
    private static long storage(KvLayer kv) {
        return switch (kv.keys().type()) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8_0 -> 2;
            default ->
                throw new IllegalArgumentException(
                        "there are no native kernels for keys of " + kv.keys().type());
        };
    }
}
