package io.caravan.worker.stage;

/** A stage has no worker to be on yet. An everyday answer while a cluster forms or recovers, so it carries no stack. */
final class NotPlacedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotPlacedException(String message) {
        super(message, null, false, false);
    }
}
