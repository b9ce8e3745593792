package io.caravan.proto.link;

/**
 * Where an inbox can be reached.
 *
 * @param host address that other hosts can reach
 * @param port UDP port; 0 where only shared memory leads to it
 * @param streamId tells apart the inboxes of one process
 * @param driverId the media driver that the inbox uses; a sender with the same one speaks shared memory instead of UDP
 */
public record LinkEndpoint(String host, int port, int streamId, String driverId) {
    public LinkEndpoint {
        if (host.isBlank() || port < 0 || port > 65535) {
            throw new IllegalArgumentException(
                    "a link endpoint needs a host and a port of 0..65535, not " + host + ":" + port);
        }
    }

    @Override
    public String toString() {
        return host + ":" + port + "/" + streamId;
    }
}
