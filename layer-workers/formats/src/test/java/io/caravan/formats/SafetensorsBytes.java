package io.caravan.formats;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Takes safetensors files apart and puts them together again, wrongly where a test wants it. */
final class SafetensorsBytes {
    private SafetensorsBytes() {}

    static String header(byte[] file) {
        return new String(file, 8, headerBytes(file), StandardCharsets.UTF_8);
    }

    /** The same data behind another header. */
    static byte[] withHeader(byte[] file, String header) {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        int dataStart = 8 + headerBytes(file);
        return ByteBuffer.allocate(8 + json.length + file.length - dataStart)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json)
                .put(file, dataStart, file.length - dataStart)
                .array();
    }

    static byte[] padHeader(byte[] file, int spaces) {
        return withHeader(file, header(file) + " ".repeat(spaces));
    }

    static int headerBytes(byte[] file) {
        return Math.toIntExact(
                ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0));
    }
}
