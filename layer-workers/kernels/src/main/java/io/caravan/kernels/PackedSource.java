package io.caravan.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Weights of one matrix as {@link Device#weights} packed them once, in pieces that several threads read at the same time. */
public interface PackedSource {

    /** How it is packed. */
    Layout layout();

    /** Bytes of the whole matrix. */
    long byteSize();

    /** Bytes of each piece but the last. */
    long pieceBytes();

    /** The matrix in a mapped file, where the device computes from there; else it is to be read. */
    Optional<MemorySegment> mapped();

    /**
     * Brings one piece into place, if it is not there, and checks it.
     *
     * @param from where in the matrix the piece begins, in bytes
     * @param target as long as the piece; a part of {@link #mapped} where there is that
     * @return whether these are the bytes that were packed; of no use are all pieces where one is not
     */
    boolean read(long from, MemorySegment target);
}
