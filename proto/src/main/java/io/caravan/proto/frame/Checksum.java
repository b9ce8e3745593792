package io.caravan.proto.frame;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;

/** CRC32C over a part of a buffer, wherever its bytes lie; the JDK computes it with the CPU's own instruction. */
final class Checksum {
    private static final int COPY_BYTES = 4096;

    private Checksum() {}

    static int of(DirectBuffer buffer, int offset, int length) {
        buffer.boundsCheck(offset, length);
        CRC32C crc = new CRC32C();
        ByteBuffer bytes = buffer.byteBuffer();
        if (buffer.byteArray() != null) {
            crc.update(buffer.byteArray(), buffer.wrapAdjustment() + offset, length);
        } else if (bytes != null) {
            int start = buffer.wrapAdjustment() + offset;
            crc.update(bytes.duplicate().clear().position(start).limit(start + length));
        } else {
            updateThroughCopies(crc, buffer, offset, length);
        }
        return (int) crc.getValue();
    }

    /** For buffers that know only an address, as those over mapped logs may. */
    private static void updateThroughCopies(CRC32C crc, DirectBuffer buffer, int offset, int length) {
        byte[] copy = new byte[Math.min(length, COPY_BYTES)];
        for (int done = 0; done < length; done += copy.length) {
            int count = Math.min(copy.length, length - done);
            buffer.getBytes(offset + done, copy, 0, count);
            crc.update(copy, 0, count);
        }
    }
}
