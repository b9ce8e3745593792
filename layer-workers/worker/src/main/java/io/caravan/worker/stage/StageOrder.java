package io.caravan.worker.stage;

import io.caravan.proto.link.LinkEndpoint;

/** What the actor tells the agent through the proxy's queue. */
sealed interface StageOrder {

    /** Compute plans of {@code epoch} and send what comes out to {@code next}. */
    record Connect(long epoch, LinkEndpoint next) implements StageOrder {}

    /** The epoch is over: forget what is half sent and take nothing until connected again. */
    record Hold() implements StageOrder {}

    /** Finish what has arrived, then take nothing until connected again. */
    record Drain() implements StageOrder {}
}
