package io.caravan.proto.sequence;

/** Why a sequence ended. */
public enum FinishReason {
    /** An end token was drawn. */
    STOP,
    /** The completion reached its most tokens or the context its end. */
    LENGTH,
    /** The one who asked no longer wants it. */
    CANCELLED,
    /** The deadline passed first. */
    DEADLINE
}
