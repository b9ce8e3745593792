package io.caravan.proto.step;

/**
 * A sequence of a step that a stage could not compute. The stages after it leave the sequence out; the others of the step are
 * computed as if it had never been there.
 *
 * @param reason for people, outside too; cut at {@link #MAX_REASON_CHARS}
 */
public record SequenceFault(long sequenceId, String reason) {
    public static final int MAX_REASON_CHARS = 400;

    public SequenceFault {
        reason = reason.length() > MAX_REASON_CHARS ? reason.substring(0, MAX_REASON_CHARS) : reason;
    }
}
