package io.caravan.worker.stage;

/** A stage's kernels broke down while they computed a step; the stage is of no more use. */
final class StageFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StageFailedException(Throwable cause) {
        super("a step broke down: " + cause, cause);
    }
}
