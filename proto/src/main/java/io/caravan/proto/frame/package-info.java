/**
 * The data plane's wire format: step plans, activations and step results as frames over Agrona buffers.
 *
 * <p>Every frame starts with a {@link io.caravan.proto.frame.FrameHeader} of 64 bytes; all numbers are little-endian. What
 * comes from the wire is believed only after it was checked: the header by its own checksum, the payload by the one in the
 * header, and each count and length against the bytes that are there. A frame longer than the transport's largest message
 * travels as chunks ({@link io.caravan.proto.frame.ChunkHeader}, {@link io.caravan.proto.frame.FrameAssembler}).
 */
package io.caravan.proto.frame;
