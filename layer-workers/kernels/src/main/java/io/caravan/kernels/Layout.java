package io.caravan.kernels;

/** How the elements of a matrix lie in memory. */
public enum Layout {
    /** Row by row, as files have them. */
    ROWS,
    /** As the device's provider reads them fastest, which nobody else can read. */
    PACKED,
    /** The same, BF16 numbers in twelve bits each, of which none is lost ({@link TwelveBits}). */
    TWELVE_BITS
}
