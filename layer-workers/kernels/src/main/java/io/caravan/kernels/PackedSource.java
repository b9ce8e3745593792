package io.caravan.kernels;

import java.lang.foreign.MemorySegment;

/** Weights of one matrix as {@link Device#weights} packed them once, in pieces that several threads check at the same time. */
public interface PackedSource {

    /** The whole matrix, which begins at a page. */
    MemorySegment data();

    /** Pieces that the matrix is checked in. */
    int pieceCount();

    /**
     * Brings one piece into memory and checks it.
     *
     * @param piece counted from the matrix's begin
     * @return whether these are the bytes that were packed; of no use are all pieces where one is not
     */
    boolean check(int piece);
}
