package io.caravan.worker.transport.aeron;

import io.aeron.ExclusivePublication;
import io.aeron.Publication;
import io.aeron.logbuffer.BufferClaim;
import io.caravan.proto.frame.ChunkHeader;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageLink;
import java.util.Optional;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Offers a frame chunk by chunk, and remembers how far it came; one that fits into a chunk may be written in the log itself. */
final class AeronLink implements StageLink {
    /** Offers in a row that the client may spend on moving to the next term. */
    private static final int MAX_ADMIN_ACTIONS = 3;

    private final LinkEndpoint target;
    private final ExclusivePublication publication;
    private final Optional<SharedBell> bell;
    private final int maxFrameBytes;
    private final int maxChunkBytes;
    private final UnsafeBuffer header = new UnsafeBuffer(new byte[ChunkHeader.LENGTH]);
    private final BufferClaim claim = new BufferClaim();
    private final UnsafeBuffer claimed = new UnsafeBuffer(0, 0);
    private boolean claiming;
    private long frameNumber;
    private int frameLength;
    private int sentBytes;

    /** @param bell of the target, where it has one that can be rung from here */
    AeronLink(
            LinkEndpoint target, ExclusivePublication publication, Optional<SharedBell> bell, AeronSettings settings) {
        this.target = target;
        this.publication = publication;
        this.bell = bell;
        this.maxFrameBytes = settings.maxFrameBytes();
        this.maxChunkBytes = publication.maxPayloadLength() - ChunkHeader.LENGTH;
    }

    @Override
    public Sent send(DirectBuffer frame, int offset, int length) {
        if (length > maxFrameBytes) {
            throw new IllegalArgumentException(
                    "a frame of " + length + " bytes, where caravan.transport.max-frame is " + maxFrameBytes);
        }
        if (sentBytes > 0 && length != frameLength) {
            throw new IllegalStateException("another frame was sent in part: send it again or abandon it first");
        }
        frameLength = length;
        while (sentBytes < length) {
            int chunkBytes = Math.min(maxChunkBytes, length - sentBytes);
            ChunkHeader.write(header, 0, frameNumber, length, sentBytes, chunkBytes);
            long result = offer(frame, offset + sentBytes, chunkBytes);
            if (result < 0) {
                return unsent(result);
            }
            sentBytes += chunkBytes;
        }
        abandon();
        bell.ifPresent(SharedBell::wake);
        return Sent.DONE;
    }

    private long offer(DirectBuffer frame, int offset, int length) {
        long result = Publication.ADMIN_ACTION;
        for (int i = 0; result == Publication.ADMIN_ACTION && i < MAX_ADMIN_ACTIONS; i++) {
            result = publication.offer(header, 0, ChunkHeader.LENGTH, frame, offset, length);
        }
        return result;
    }

    private Sent unsent(long result) {
        if (result == Publication.NOT_CONNECTED) {
            // whoever listens next has not heard the start
            abandon();
            return Sent.NOT_CONNECTED;
        }
        if (result != Publication.BACK_PRESSURED && result != Publication.ADMIN_ACTION) {
            return Sent.CLOSED;
        }
        bell.ifPresent(SharedBell::wake); // for what there is no more room behind
        return Sent.BACK_PRESSURED;
    }

    @Override
    public Optional<MutableDirectBuffer> claim(int length) {
        if (claiming || sentBytes > 0) {
            throw new IllegalStateException("another frame is on its way: end or abandon it first");
        }
        if (length > Math.min(maxChunkBytes, maxFrameBytes)) {
            return Optional.empty();
        }
        long result = Publication.ADMIN_ACTION;
        for (int i = 0; result == Publication.ADMIN_ACTION && i < MAX_ADMIN_ACTIONS; i++) {
            result = publication.tryClaim(ChunkHeader.LENGTH + length, claim);
        }
        if (result < 0) {
            return Optional.empty(); // send() says why
        }
        claiming = true;
        ChunkHeader.write(claim.buffer(), claim.offset(), frameNumber, length, 0, length);
        claimed.wrap(claim.buffer(), claim.offset() + ChunkHeader.LENGTH, length);
        return Optional.of(claimed);
    }

    @Override
    public void commit() {
        if (!claiming) {
            throw new IllegalStateException("nothing was claimed");
        }
        claim.commit();
        claiming = false;
        abandon();
        bell.ifPresent(SharedBell::wake);
    }

    /** A claim has to be given back, or those who come after it wait for it. */
    @Override
    public void abandon() {
        if (claiming) {
            claim.abort();
            claiming = false;
        }
        sentBytes = 0;
        frameNumber++;
    }

    @Override
    public LinkEndpoint target() {
        return target;
    }

    @Override
    public void close() {
        abandon();
        publication.close();
    }
}
