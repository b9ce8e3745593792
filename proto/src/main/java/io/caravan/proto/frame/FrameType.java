package io.caravan.proto.frame;

/** What a frame carries. The codes are part of the wire format. */
public enum FrameType {
    /** Scheduler to stage 0: what to run. */
    STEP_PLAN(1),
    /** Stage to next stage: what to run, and the hidden states to run it on. */
    ACTIVATION(2),
    /** Last stage to scheduler: the tokens chosen. */
    STEP_RESULT(3);

    private final byte code;

    FrameType(int code) {
        this.code = (byte) code;
    }

    byte code() {
        return code;
    }

    static FrameType of(byte code) {
        return switch (code) {
            case 1 -> STEP_PLAN;
            case 2 -> ACTIVATION;
            case 3 -> STEP_RESULT;
            default -> throw new FrameException("unknown frame type " + code);
        };
    }
}
