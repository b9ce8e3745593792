package io.caravan.proto.frame;

import org.agrona.DirectBuffer;

/** Checks that bytes are a whole, undamaged frame. */
public final class FrameReader {
    private FrameReader() {}

    /**
     * The header of the frame that fills {@code length} bytes from {@code offset} on.
     *
     * @throws FrameException when magic, version, type, length or a checksum is wrong
     */
    public static FrameHeader peek(DirectBuffer buffer, int offset, int length) {
        if (offset < 0 || length < 0 || length > buffer.capacity() - offset) {
            throw new FrameException("a frame of " + length + " bytes at " + offset + " does not fit into a buffer of "
                    + buffer.capacity());
        }
        if (length < FrameHeader.LENGTH) {
            throw new FrameException("a frame has at least " + FrameHeader.LENGTH + " bytes, not " + length);
        }
        FrameHeader header = new FrameHeader().wrap(buffer, offset);
        if (header.magic() != FrameHeader.MAGIC) {
            throw new FrameException("not a frame: it starts with 0x" + Integer.toHexString(header.magic()));
        }
        if (header.version() != FrameHeader.VERSION) {
            throw new FrameException("a frame of version " + header.version() + ", where version " + FrameHeader.VERSION
                    + " is understood");
        }
        if (header.headerChecksum() != header.computedHeaderChecksum()) {
            throw new FrameException("the frame's header is damaged: its checksum differs");
        }
        header.type();
        if (header.payloadLength() != length - FrameHeader.LENGTH) {
            throw new FrameException("the header tells of " + header.payloadLength()
                    + " bytes of payload where there are " + (length - FrameHeader.LENGTH));
        }
        int checksum = Checksum.of(buffer, offset + FrameHeader.LENGTH, header.payloadLength());
        if (checksum != header.payloadChecksum()) {
            throw new FrameException("the payload of " + header.type() + " " + header.epoch() + "/" + header.step()
                    + " is damaged: its checksum differs");
        }
        return header;
    }

    /** Like {@link #peek}, and the frame must be of {@code type}. */
    static FrameHeader require(FrameType type, DirectBuffer buffer, int offset, int length) {
        FrameHeader header = peek(buffer, offset, length);
        if (header.type() != type) {
            throw new FrameException("expected a frame of type " + type + ", not " + header.type());
        }
        return header;
    }
}
