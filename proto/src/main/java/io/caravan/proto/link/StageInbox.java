package io.caravan.proto.link;

/** The receiving end of a link; several senders may reach it. Used by one thread. */
public interface StageInbox extends AutoCloseable {

    /** What senders connect to. */
    LinkEndpoint endpoint();

    /**
     * Hands over at most one whole frame, if one has arrived. Frames of one sender arrive in order, each at most once;
     * one that is damaged is dropped and counted.
     *
     * @return the work done: fragments taken, 0 when there was nothing
     * @throws IllegalStateException when nothing can arrive any more although the inbox was not closed
     */
    int poll(FrameHandler handler);

    /** Where its thread sleeps while there is nothing to poll; whoever has other work for that thread rings it. */
    Doorbell bell();

    /** Whether every sender that there is now rings the bell when it has sent, so that frames need not be looked for. */
    boolean rings();

    /** Frames dropped because they were damaged, incomplete or of an unknown version. */
    long rejectedCount();

    @Override
    void close();
}
