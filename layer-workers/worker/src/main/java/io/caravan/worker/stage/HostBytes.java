package io.caravan.worker.stage;

import java.lang.foreign.MemorySegment;
import org.agrona.DirectBuffer;

/** The memory under an Agrona buffer, for those who copy from and to memory segments. */
final class HostBytes {
    private HostBytes() {}

    /**
     * The {@code length} bytes from {@code offset} on, where they lie.
     *
     * @throws IndexOutOfBoundsException when the buffer is shorter
     * @throws IllegalArgumentException when the buffer knows only an address
     */
    static MemorySegment of(DirectBuffer buffer, int offset, int length) {
        buffer.boundsCheck(offset, length);
        MemorySegment whole;
        if (buffer.byteArray() != null) {
            whole = MemorySegment.ofArray(buffer.byteArray());
        } else if (buffer.byteBuffer() != null) {
            whole = MemorySegment.ofBuffer(buffer.byteBuffer().duplicate().clear());
        } else {
            throw new IllegalArgumentException("frames lie in arrays or byte buffers, not at bare addresses");
        }
        return whole.asSlice(buffer.wrapAdjustment() + offset, length);
    }
}
