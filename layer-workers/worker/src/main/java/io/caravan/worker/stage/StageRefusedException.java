package io.caravan.worker.stage;

/** A worker cannot be the stage that it was told to be; the message says why, and what would be right. */
public final class StageRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public StageRefusedException(String message) {
        super(message);
    }
}
