package io.caravan.proto.frame;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What every chunk of a frame starts with, as a flyweight: which frame of its sender, and which part of it.
 *
 * <pre>
 *   0 magic 'CHNK'          4 version (short)       6 zero (short)
 *   8 number of the frame (counted by the sender)
 *  16 frame length (int)   20 chunk offset (int)   24 chunk length (int)   28 CRC32C of bytes 0..27
 * </pre>
 *
 * <p>The checksum covers the header alone: the bytes after it are covered by the frame's own.
 */
public final class ChunkHeader {
    /** Bytes that a chunk's header takes. */
    public static final int LENGTH = 32;

    private static final int MAGIC = 'C' | 'H' << 8 | 'N' << 16 | 'K' << 24;
    private static final short VERSION = 1;

    private static final int VERSION_OFFSET = 4;
    private static final int NUMBER_OFFSET = 8;
    private static final int FRAME_LENGTH_OFFSET = 16;
    private static final int CHUNK_OFFSET_OFFSET = 20;
    private static final int CHUNK_LENGTH_OFFSET = 24;
    private static final int CHECKSUM_OFFSET = 28;

    private DirectBuffer buffer;
    private int offset;

    /** Writes the header of the {@code chunkLength} bytes of a frame from {@code chunkOffset} on. */
    public static void write(
            MutableDirectBuffer buffer,
            int offset,
            long frameNumber,
            int frameLength,
            int chunkOffset,
            int chunkLength) {
        buffer.putInt(offset, MAGIC, LITTLE_ENDIAN);
        buffer.putInt(offset + VERSION_OFFSET, VERSION, LITTLE_ENDIAN);
        buffer.putLong(offset + NUMBER_OFFSET, frameNumber, LITTLE_ENDIAN);
        buffer.putInt(offset + FRAME_LENGTH_OFFSET, frameLength, LITTLE_ENDIAN);
        buffer.putInt(offset + CHUNK_OFFSET_OFFSET, chunkOffset, LITTLE_ENDIAN);
        buffer.putInt(offset + CHUNK_LENGTH_OFFSET, chunkLength, LITTLE_ENDIAN);
        int checksum = Checksum.of(buffer, offset, CHECKSUM_OFFSET);
        buffer.putInt(offset + CHECKSUM_OFFSET, checksum, LITTLE_ENDIAN);
    }

    /**
     * Reads the chunk that fills {@code length} bytes; returns itself.
     *
     * @throws FrameException when its header is damaged or contradicts {@code length}
     */
    public ChunkHeader wrap(DirectBuffer buffer, int offset, int length) {
        this.buffer = buffer;
        this.offset = offset;
        if (length < LENGTH) {
            throw new FrameException("a chunk has more than " + LENGTH + " bytes, not " + length);
        }
        if (buffer.getInt(offset, LITTLE_ENDIAN) != MAGIC
                || buffer.getInt(offset + VERSION_OFFSET, LITTLE_ENDIAN) != VERSION) {
            throw new FrameException("not a chunk of version " + VERSION);
        }
        if (buffer.getInt(offset + CHECKSUM_OFFSET, LITTLE_ENDIAN) != Checksum.of(buffer, offset, CHECKSUM_OFFSET)) {
            throw new FrameException("the chunk's header is damaged: its checksum differs");
        }
        boolean fits = chunkLength() == length - LENGTH
                && chunkLength() > 0
                && chunkOffset() >= 0
                && frameLength() - chunkLength() >= chunkOffset();
        if (!fits) {
            throw new FrameException("a chunk of " + chunkLength() + " bytes at " + chunkOffset() + " of a frame of "
                    + frameLength() + " in a message of " + length + " bytes");
        }
        return this;
    }

    public long frameNumber() {
        return buffer.getLong(offset + NUMBER_OFFSET, LITTLE_ENDIAN);
    }

    public int frameLength() {
        return buffer.getInt(offset + FRAME_LENGTH_OFFSET, LITTLE_ENDIAN);
    }

    /** Where in the frame this chunk belongs. */
    public int chunkOffset() {
        return buffer.getInt(offset + CHUNK_OFFSET_OFFSET, LITTLE_ENDIAN);
    }

    public int chunkLength() {
        return buffer.getInt(offset + CHUNK_LENGTH_OFFSET, LITTLE_ENDIAN);
    }

    /** Where this chunk's part of the frame starts in the buffer. */
    public int dataOffset() {
        return offset + LENGTH;
    }
}
