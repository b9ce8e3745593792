package io.caravan.proto.link;

/** Opens inboxes and links to other processes' inboxes. Safe for use by several threads. */
public interface StageLinks extends AutoCloseable {

    /** A new inbox under an endpoint of its own. */
    StageInbox openInbox();

    /** A link to {@code target}, usable at once; it connects by itself. */
    StageLink connect(LinkEndpoint target);

    @Override
    void close();
}
