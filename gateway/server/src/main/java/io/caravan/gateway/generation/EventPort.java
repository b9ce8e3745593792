package io.caravan.gateway.generation;

/** Where a generation's events go. Never blocks. */
interface EventPort {

    /** Hands the event on; false when the client is gone or so slow that the buffer is full. */
    boolean offer(GenerationEvent event);

    /** Nothing follows. */
    void complete();
}
