package io.caravan.cli.address;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The addresses of this machine. Members call each other by numbers in one spelling: actors compare names letter by letter,
 * so that {@code localhost} and {@code 127.0.0.1} would be two.
 */
public final class Addresses {
    /** Of a network that is nowhere (RFC 5737): to ask for the way out, by which nothing is sent. */
    private static final InetSocketAddress OUT_THERE = new InetSocketAddress("192.0.2.1", 9);

    private static final int GROUPS = 8;

    private Addresses() {}

    /** Numbers; IPv6 in its short form and in brackets, as before a port. */
    public static String text(InetAddress address) {
        String numbers = address.getHostAddress();
        return address instanceof Inet4Address ? numbers : "[" + shortened(numbers.replaceFirst("%.*", "")) + "]";
    }

    /** Leaves the longest run of zeros out. */
    private static String shortened(String groups) {
        String whole = ":" + groups + ":";
        for (int run = GROUPS; run > 1; run--) {
            String zeros = ":0".repeat(run) + ":";
            int at = whole.indexOf(zeros);
            if (at >= 0) {
                return whole.substring(Math.min(1, at), at) + "::"
                        + whole.substring(at + zeros.length()).replaceFirst(":$", "");
            }
        }
        return groups;
    }

    /** Those by which other machines may reach this one, the likeliest first; none where it is on no network. */
    public static List<InetAddress> ofThisMachine() {
        try {
            var all = NetworkInterface.networkInterfaces()
                    .filter(Addresses::isUp)
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(each -> !each.isLoopbackAddress() && !each.isLinkLocalAddress())
                    .sorted(Comparator.comparing(each -> !(each instanceof Inet4Address)))
                    .toList();
            return Stream.concat(all.stream().filter(wayOut()::equals), all.stream())
                    .distinct()
                    .toList();
        } catch (SocketException noNetwork) {
            return List.of();
        }
    }

    /** The address that packets to other networks would leave from; that of the loopback where there is no way out. */
    private static InetAddress wayOut() {
        try (var socket = new DatagramSocket()) {
            socket.connect(OUT_THERE);
            return socket.getLocalAddress();
        } catch (SocketException | UncheckedIOException noWay) {
            return InetAddress.getLoopbackAddress();
        }
    }

    private static boolean isUp(NetworkInterface network) {
        try {
            return network.isUp();
        } catch (SocketException gone) {
            return false;
        }
    }

    /** Whether a socket of this machine may be bound to {@code address}. */
    public static boolean isOfThisMachine(InetAddress address) {
        try (var socket = new DatagramSocket(new InetSocketAddress(address, 0))) {
            return socket.isBound();
        } catch (IOException notOurs) {
            return false;
        }
    }
}
