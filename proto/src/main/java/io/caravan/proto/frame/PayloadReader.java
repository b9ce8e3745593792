package io.caravan.proto.frame;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.caravan.proto.sequence.TokenIds;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;

/** Takes values from a frame's payload; nothing is read, and no memory taken, beyond the bytes that are there. */
final class PayloadReader {
    private final DirectBuffer buffer;
    private final int limit;
    private int position;

    PayloadReader(DirectBuffer buffer, int position, int limit) {
        this.buffer = buffer;
        this.position = position;
        this.limit = limit;
    }

    int position() {
        return position;
    }

    int int32() {
        int at = take(Integer.BYTES);
        return buffer.getInt(at, LITTLE_ENDIAN);
    }

    long int64() {
        int at = take(Long.BYTES);
        return buffer.getLong(at, LITTLE_ENDIAN);
    }

    float float32() {
        int at = take(Float.BYTES);
        return buffer.getFloat(at, LITTLE_ENDIAN);
    }

    /** How many elements follow, each of which takes at least {@code elementBytes}. */
    int count(String what, int elementBytes) {
        int count = int32();
        if (count < 0 || (long) count * elementBytes > limit - position) {
            throw new FrameException(
                    count + " " + what + " cannot lie in the " + (limit - position) + " bytes that are left");
        }
        return count;
    }

    /** An int that may not be negative. */
    int index(String what) {
        int value = int32();
        if (value < 0) {
            throw new FrameException(what + " must not be negative: " + value);
        }
        return value;
    }

    /** Count, then ids, none of them negative. */
    TokenIds ids(String what) {
        int[] ids = new int[count(what, Integer.BYTES)];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = index(what);
        }
        return TokenIds.of(ids);
    }

    /** Count, then values. */
    float[] floats(String what) {
        float[] values = new float[count(what, Float.BYTES)];
        for (int i = 0; i < values.length; i++) {
            values[i] = float32();
        }
        return values;
    }

    /** Length in bytes, then UTF-8; what is not UTF-8 shows as U+FFFD. */
    String text(String what) {
        byte[] bytes = new byte[count("bytes of " + what, 1)];
        buffer.getBytes(take(bytes.length), bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A reader of the next {@code length} bytes, which this one passes over. */
    PayloadReader part(int length) {
        int start = take(length);
        return new PayloadReader(buffer, start, start + length);
    }

    /** Passes over {@code length} bytes. */
    int take(int length) {
        if (length < 0 || length > limit - position) {
            throw new FrameException(length + " bytes expected where " + (limit - position) + " are left");
        }
        int at = position;
        position += length;
        return at;
    }

    void requireEnd() {
        if (position != limit) {
            throw new FrameException((limit - position) + " bytes are left over");
        }
    }
}
