package io.caravan.cli.address;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** Looks by a connection of its own whether a member may be at an address. */
final class SeedProbe {
    /** Members close a connection that begins so; what else listens there mostly answers. */
    private static final byte[] QUESTION = "GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private static final int MOST_ANSWER_BYTES = 64;

    /** First bytes of TLS's alerts and handshakes: members that have certificates answer with these. */
    private static final int TLS_ALERT = 0x15;

    private static final int TLS_HANDSHAKE = 0x16;

    private SeedProbe() {}

    /** What became of a connection. */
    sealed interface Sight {
        /** @param own address of this machine that it came from */
        record Accepts(InetAddress own) implements Sight {}

        /** @param why in words that name the address and what to do */
        record Fails(String why) implements Sight {}
    }

    static Sight look(InetAddress address, int port, Duration timeout) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), (int) timeout.toMillis());
            return new Sight.Accepts(socket.getLocalAddress());
        } catch (IOException failure) {
            return new Sight.Fails(reason(failure, address, port));
        }
    }

    /** What to say of a name without an address. */
    static String unknown(HostAndPort seed) {
        return seed.host()
                + " does not resolve to an address: is it spelt right? --join takes numbers too, as 10.0.0.5:"
                + seed.port();
    }

    private static String reason(IOException failure, InetAddress address, int port) {
        String host = Addresses.text(address);
        String place = host + ":" + port;
        return switch (failure) {
            case NoRouteToHostException noRoute -> "no way leads to " + place + ": is it on a network of this machine?";
            case SocketTimeoutException silent ->
                place + " does not answer: is that machine up, and does its firewall let TCP port " + port
                        + " through?";
            case ConnectException refused
            when refused.getMessage().contains("refused") ->
                "nothing listens at " + place + ": is a gateway running there, with --cluster-host "
                        + (address.isLoopbackAddress() ? "left away" : host)
                        + " and this port, as its line 'Workers join with' says?";
            default -> "cannot connect to " + place + ": " + failure.getMessage();
        };
    }

    /** Whether what accepts connections there answers as no member would. */
    static boolean isStranger(InetAddress address, int port, Duration timeout) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, port), (int) timeout.toMillis());
            socket.setSoTimeout((int) timeout.toMillis());
            socket.getOutputStream().write(QUESTION);
            byte[] answer = new byte[MOST_ANSWER_BYTES];
            return socket.getInputStream().read(answer) > 0 && answer[0] != TLS_ALERT && answer[0] != TLS_HANDSHAKE;
        } catch (IOException silent) {
            return false;
        }
    }
}
