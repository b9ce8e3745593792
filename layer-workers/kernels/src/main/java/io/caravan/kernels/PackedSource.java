package io.caravan.kernels;

import java.lang.foreign.MemorySegment;

/** Weights of one matrix as {@link Device#weights} packed them once, in pieces that several threads read at the same time. */
public interface PackedSource {

    /** Bytes of the whole matrix. */
    long byteSize();

    /** Bytes of each piece but the last. */
    long pieceBytes();

    /**
     * Brings one piece into place.
     *
     * @param from where in the matrix the piece begins, in bytes
     * @param target as long as the piece
     * @return whether these are the bytes that were packed; of no use are all pieces where one is not
     */
    boolean read(long from, MemorySegment target);
}
