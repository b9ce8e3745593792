package io.caravan.kernels;

import java.lang.foreign.MemorySegment;

/**
 * The activations of a matrix product as the product reads them.
 *
 * @param data [rows, k] in the form
 */
public record Prepared(Form form, Activations precision, int rows, int k, MemorySegment data) {

    /** How prepared activations lie in memory. */
    public enum Form {
        /** Rows of floats, back to back. */
        FLOATS,
        /** Rows of floats, padded as the native kernels want them. */
        PADDED_FLOATS,
        /** Rows of BF16 numbers, padded likewise. */
        PADDED_BF16,
        /** Panels of quantised rows, as the native kernels define them. */
        PANELS,
        /** The same rows as tile registers are loaded from. */
        TILES
    }
}
