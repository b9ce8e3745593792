package io.caravan.formats.sentencepiece;

/**
 * A piece of a vocabulary; its place there is the token's id.
 *
 * @param score the higher, the sooner it is merged; in a unigram model its log-probability
 */
public record Piece(String text, float score, Kind kind) {

    /** What a piece is for, in the order of the format's numbers, which begin at 1. */
    public enum Kind {
        NORMAL,
        UNKNOWN,
        CONTROL,
        USER_DEFINED,
        UNUSED,
        BYTE
    }
}
