package io.caravan.kernels;

import java.lang.foreign.MemorySegment;

/**
 * BF16 weights packed in twelve bits each: an exponent becomes an index into the 16 most frequent ones of its matrix, and the others
 * are kept as patches. What products read are the very numbers that were packed, so no bit of a result is another.
 */
public interface TwelveBits {

    /** Exponents that have an index. */
    int INDEXED = 16;

    /** All exponents that a BF16 number can have. */
    int EXPONENTS = 256;

    /** Bytes that a matrix takes with so many patches; 0 where it has more columns than this packs. */
    long packedBytes(long rows, long columns, long patches);

    /** Counts the exponents of {@code elements} numbers. */
    long[] count(MemorySegment numbers, long elements);

    /**
     * Lays the rows [from, to) out in {@code packed}. Cuts are multiples of 32 rows.
     *
     * @param rows these rows as a file has them
     * @param shape of the whole matrix, whose own rows are not read
     * @param patchesBefore of the rows before {@code from}
     */
    void pack(
            MemorySegment packed,
            MemorySegment rows,
            byte[] indexed,
            WeightRows shape,
            long from,
            long to,
            long patchesBefore);
}
