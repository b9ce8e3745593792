package io.caravan.worker.transport.aeron;

import io.aeron.Aeron;
import io.aeron.exceptions.RegistrationException;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes the UDP port of a process's inboxes and holds it, whichever of them come and go. */
final class PortReservation {
    private static final Logger LOG = LoggerFactory.getLogger(PortReservation.class);

    /** Stream that nobody sends on; its subscription keeps the port bound. */
    private static final int IDLE_STREAM_ID = 0;

    /** How often a port that looked free is taken by another before the bind, at most. */
    private static final int ATTEMPTS = 8;

    private PortReservation() {}

    /**
     * The port, bound until {@code aeron} closes.
     *
     * @throws IllegalStateException when it cannot be had
     */
    static int reserve(Aeron aeron, AeronSettings settings) {
        int attempts = settings.port() == 0 ? ATTEMPTS : 1;
        for (int attempt = 0; attempt < attempts; attempt++) {
            int port = settings.port() == 0 ? freePort(settings.host()) : settings.port();
            if (bind(aeron, settings.host(), port)) {
                return port;
            }
        }
        throw new IllegalStateException(
                settings.port() == 0
                        ? "found no free UDP port at " + settings.host() + " in " + ATTEMPTS + " attempts"
                        : "UDP port " + settings.port() + " of " + settings.host() + " is in use or cannot be bound;"
                                + " caravan.transport.port = 0 takes a free one");
    }

    /** The driver binds before it answers. */
    private static boolean bind(Aeron aeron, String host, int port) {
        try {
            return !aeron.addSubscription(Channels.udp(host, port), IDLE_STREAM_ID)
                    .isClosed();
        } catch (RegistrationException e) {
            LOG.debug("Cannot bind UDP port {} of {}", port, host, e);
            return false;
        }
    }

    private static int freePort(String host) {
        try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(host, 0))) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException(
                    "caravan.transport.host must be an address of this machine, not " + host + ": " + e.getMessage(),
                    e);
        }
    }
}
