package io.caravan.proto.frame;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What every frame starts with, as a flyweight over the frame's bytes.
 *
 * <pre>
 *   0 magic 'CRVN'   4 version (short)   6 type (byte)   7 zero
 *   8 epoch         16 step
 *  24 payload length (int)              28 CRC32C of the payload
 *  32 sent at (ns) 40 zeros             60 CRC32C of bytes 0..59
 * </pre>
 *
 * <p>A flyweight reads without checking: {@link FrameReader#peek} checks.
 */
public final class FrameHeader {
    /** Bytes that a header takes. */
    public static final int LENGTH = 64;

    /** First four bytes of each frame. */
    public static final int MAGIC = 'C' | 'R' << 8 | 'V' << 16 | 'N' << 24;

    /** Version of the wire format; frames of another are refused. */
    public static final short VERSION = 3;

    private static final int VERSION_OFFSET = 4;
    private static final int TYPE_OFFSET = 6;
    private static final int EPOCH_OFFSET = 8;
    private static final int STEP_OFFSET = 16;
    private static final int PAYLOAD_LENGTH_OFFSET = 24;
    private static final int PAYLOAD_CHECKSUM_OFFSET = 28;
    private static final int SENT_AT_OFFSET = 32;
    private static final int RESERVED_OFFSET = 40;
    private static final int HEADER_CHECKSUM_OFFSET = 60;

    private DirectBuffer buffer;
    private int offset;

    /** Reads from {@code offset} on; returns itself. */
    public FrameHeader wrap(DirectBuffer buffer, int offset) {
        buffer.boundsCheck(offset, LENGTH);
        this.buffer = buffer;
        this.offset = offset;
        return this;
    }

    public int magic() {
        return buffer.getInt(offset, LITTLE_ENDIAN);
    }

    public short version() {
        return buffer.getShort(offset + VERSION_OFFSET, LITTLE_ENDIAN);
    }

    /** What the frame carries; a {@link FrameException} where the code is unknown. */
    public FrameType type() {
        return FrameType.of(buffer.getByte(offset + TYPE_OFFSET));
    }

    public long epoch() {
        return buffer.getLong(offset + EPOCH_OFFSET, LITTLE_ENDIAN);
    }

    public long step() {
        return buffer.getLong(offset + STEP_OFFSET, LITTLE_ENDIAN);
    }

    /** Bytes after the header. */
    public int payloadLength() {
        return buffer.getInt(offset + PAYLOAD_LENGTH_OFFSET, LITTLE_ENDIAN);
    }

    /** CRC32C that the payload must have. */
    public int payloadChecksum() {
        return buffer.getInt(offset + PAYLOAD_CHECKSUM_OFFSET, LITTLE_ENDIAN);
    }

    /** When the sender wrote the frame, by its host's clock, in nanoseconds since 1970. */
    public long sentAtNs() {
        return buffer.getLong(offset + SENT_AT_OFFSET, LITTLE_ENDIAN);
    }

    int headerChecksum() {
        return buffer.getInt(offset + HEADER_CHECKSUM_OFFSET, LITTLE_ENDIAN);
    }

    int computedHeaderChecksum() {
        return Checksum.of(buffer, offset, HEADER_CHECKSUM_OFFSET);
    }

    /** Writes the header of the frame at {@code offset}, whose payload is in place already; returns the frame's length. */
    static int write(
            MutableDirectBuffer buffer,
            int offset,
            FrameType type,
            long epoch,
            long step,
            int payloadLength,
            long sentAtNs) {
        buffer.putInt(offset, MAGIC, LITTLE_ENDIAN);
        buffer.putShort(offset + VERSION_OFFSET, VERSION, LITTLE_ENDIAN);
        buffer.putByte(offset + TYPE_OFFSET, type.code());
        buffer.putByte(offset + TYPE_OFFSET + 1, (byte) 0);
        buffer.putLong(offset + EPOCH_OFFSET, epoch, LITTLE_ENDIAN);
        buffer.putLong(offset + STEP_OFFSET, step, LITTLE_ENDIAN);
        buffer.putInt(offset + PAYLOAD_LENGTH_OFFSET, payloadLength, LITTLE_ENDIAN);
        int checksum = Checksum.of(buffer, offset + LENGTH, payloadLength);
        buffer.putInt(offset + PAYLOAD_CHECKSUM_OFFSET, checksum, LITTLE_ENDIAN);
        buffer.putLong(offset + SENT_AT_OFFSET, sentAtNs, LITTLE_ENDIAN);
        buffer.setMemory(offset + RESERVED_OFFSET, HEADER_CHECKSUM_OFFSET - RESERVED_OFFSET, (byte) 0);
        int headerChecksum = Checksum.of(buffer, offset, HEADER_CHECKSUM_OFFSET);
        buffer.putInt(offset + HEADER_CHECKSUM_OFFSET, headerChecksum, LITTLE_ENDIAN);
        return LENGTH + payloadLength;
    }
}
