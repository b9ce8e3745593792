package io.caravan.proto.link;

/** Where one thread sleeps until another has something for it. */
public interface Doorbell {

    /**
     * Sleeps until {@link #wake} or for {@code ns}; returns at once where it was woken since it last slept, and may return
     * sooner for no reason. Called by one thread only.
     */
    void sleep(long ns);

    /** Ends the sleep that goes on, or else the next. */
    void wake();
}
