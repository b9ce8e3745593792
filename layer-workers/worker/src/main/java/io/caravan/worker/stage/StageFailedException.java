package io.caravan.worker.stage;

/** A stage broke down while it served; it is of no more use. */
final class StageFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** For what is not due to a step. */
    static final long NO_STEP = 0;

    private final long epoch;
    private final long step;

    /** @param step over which the kernels broke down, or {@link #NO_STEP} */
    StageFailedException(long epoch, long step, Throwable cause) {
        super((step == NO_STEP ? "the stage broke down: " : "a step broke down: ") + cause, cause);
        this.epoch = epoch;
        this.step = step;
    }

    long epoch() {
        return epoch;
    }

    long step() {
        return step;
    }
}
