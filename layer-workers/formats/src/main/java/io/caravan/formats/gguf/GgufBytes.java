package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads a GGUF file's bytes in turn. Each length and count is held against the bytes left before it is believed. */
final class GgufBytes {
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String file;
    private final MemorySegment data;
    private long position;

    /** @param file named in messages */
    GgufBytes(String file, MemorySegment data) {
        this.file = file;
        this.data = data;
    }

    long position() {
        return position;
    }

    private long left() {
        return data.byteSize() - position;
    }

    int int32(String what) {
        return take(Integer.BYTES, what).get(INT, 0);
    }

    /** An unsigned number of 64 bits that must be below 2^63. */
    long size(String what) {
        long size = take(Long.BYTES, what).get(LONG, 0);
        if (size < 0) {
            throw wrong("gives " + what + " as " + Long.toUnsignedString(size) + ", which is impossible");
        }
        return size;
    }

    /** How many things follow, each of which takes at least {@code leastBytes}. */
    long count(String what, int leastBytes) {
        long count = size("the number of " + what);
        if (count > left() / leastBytes) {
            throw wrong("claims " + count + " " + what + ", but has only " + left() + " bytes left; it is damaged, or"
                    + " was cut short or is still being downloaded: fetch it again");
        }
        return count;
    }

    String text(String what) {
        return new String(textBytes(what).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /** The UTF-8 bytes of a text. */
    MemorySegment textBytes(String what) {
        return take(count("bytes of " + what, 1), what);
    }

    MemorySegment take(long bytes, String what) {
        if (bytes > left()) {
            throw wrong("ends inside " + what + "; it was cut short or is still being downloaded: fetch it again");
        }
        MemorySegment taken = data.asSlice(position, bytes);
        position += bytes;
        return taken;
    }

    /** What was read since {@code begin}. */
    MemorySegment since(long begin) {
        return data.asSlice(begin, position - begin);
    }

    ModelFormatException wrong(String message) {
        return new ModelFormatException(file + " " + message + " (at byte " + position + ")");
    }
}
