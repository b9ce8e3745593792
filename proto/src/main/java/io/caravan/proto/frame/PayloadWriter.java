package io.caravan.proto.frame;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.caravan.proto.sequence.TokenIds;
import java.nio.charset.StandardCharsets;
import org.agrona.MutableDirectBuffer;

/** Appends values to a frame's payload. */
final class PayloadWriter {
    private final MutableDirectBuffer buffer;
    private int position;

    PayloadWriter(MutableDirectBuffer buffer, int position) {
        this.buffer = buffer;
        this.position = position;
    }

    int position() {
        return position;
    }

    void int32(int value) {
        buffer.putInt(position, value, LITTLE_ENDIAN);
        position += Integer.BYTES;
    }

    void int64(long value) {
        buffer.putLong(position, value, LITTLE_ENDIAN);
        position += Long.BYTES;
    }

    void float32(float value) {
        buffer.putFloat(position, value, LITTLE_ENDIAN);
        position += Float.BYTES;
    }

    /** Count, then ids. */
    void ids(TokenIds ids) {
        int32(ids.size());
        for (int i = 0; i < ids.size(); i++) {
            int32(ids.get(i));
        }
    }

    /** Count, then values. */
    void floats(float[] values) {
        int32(values.length);
        for (float value : values) {
            float32(value);
        }
    }

    /** Length in bytes, then UTF-8. */
    void text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int32(bytes.length);
        buffer.putBytes(position, bytes);
        position += bytes.length;
    }

    /** Zeros up to the next multiple of {@code alignment}, counted from the buffer's start. */
    void align(int alignment) {
        while (position % alignment != 0) {
            buffer.putByte(position++, (byte) 0);
        }
    }

    /** Sets an int that was left open at {@code at}. */
    void patch(int at, int value) {
        buffer.putInt(at, value, LITTLE_ENDIAN);
    }
}
