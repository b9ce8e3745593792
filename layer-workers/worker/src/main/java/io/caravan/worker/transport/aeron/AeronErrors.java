package io.caravan.worker.transport.aeron;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What Aeron's threads report: a line for people, and where it came from for those who look closer. */
final class AeronErrors {
    private static final Logger LOG = LoggerFactory.getLogger(AeronErrors.class);

    private AeronErrors() {}

    static void log(String who, Throwable error) {
        LOG.warn("{}: {}", who, error.getMessage());
        LOG.debug("{}", who, error);
    }
}
