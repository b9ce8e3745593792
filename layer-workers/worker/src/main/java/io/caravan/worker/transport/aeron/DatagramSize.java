package io.caravan.worker.transport.aeron;

import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;

/**
 * Largest datagram of a link. One that is longer than a packet of the network travels in pieces, all of which are lost with
 * any of them, and which some networks drop outright: on a bad network that is the difference between a pause and a standstill.
 * Only the sender's size counts, receivers take any.
 */
sealed interface DatagramSize {
    /** What it is at most where nobody says otherwise. */
    int MOST_BYTES = 8 << 10;

    int MULTIPLE = 32;

    /** Bytes for a link to {@code host}. */
    int to(String host);

    /** As configured. */
    record Fixed(int bytes) implements DatagramSize {
        @Override
        public int to(String host) {
            return bytes;
        }
    }

    /** What a packet of the network that leads to the host carries; the most within this machine. */
    record OfThePath() implements DatagramSize {
        /** Ethernet's; who uses it may be led through a tunnel, which takes some bytes of every packet. */
        private static final int USUAL_PACKET_BYTES = 1500;

        private static final int THROUGH_TUNNELS_BYTES = 1408;
        private static final int LEAST_BYTES = 1024;
        private static final int IPV4_AND_UDP_BYTES = 20 + 8;
        private static final int IPV6_AND_UDP_BYTES = 40 + 8;
        private static final int ANY_PORT = 9;

        @Override
        public int to(String host) {
            try {
                var target = InetAddress.getByName(host);
                if (NetworkInterface.getByInetAddress(target) != null || target.isLoopbackAddress()) {
                    return MOST_BYTES;
                }
                boolean ipv4 = target instanceof Inet4Address;
                return within(packetBytes(target), ipv4 ? IPV4_AND_UDP_BYTES : IPV6_AND_UDP_BYTES);
            } catch (UnknownHostException | SocketException notYet) {
                return THROUGH_TUNNELS_BYTES;
            }
        }

        /** Of the network that packets to {@code target} leave by; nothing is sent. */
        private static int packetBytes(InetAddress target) throws SocketException {
            try (var socket = new DatagramSocket()) {
                socket.connect(new InetSocketAddress(target, ANY_PORT));
                var network = NetworkInterface.getByInetAddress(socket.getLocalAddress());
                return network == null ? USUAL_PACKET_BYTES : network.getMTU();
            } catch (UncheckedIOException noWay) {
                throw new SocketException(noWay.getMessage());
            }
        }

        static int within(int packetBytes, int headerBytes) {
            int carried = (packetBytes - headerBytes) / MULTIPLE * MULTIPLE;
            return Math.clamp(
                    carried, LEAST_BYTES, packetBytes <= USUAL_PACKET_BYTES ? THROUGH_TUNNELS_BYTES : MOST_BYTES);
        }
    }
}
