package io.caravan.worker.transport.aeron;

import com.typesafe.config.Config;
import io.caravan.proto.link.IdleStrategies;
import java.time.Duration;
import org.agrona.BitUtil;

/**
 * How Aeron is to be used; the keys of {@code caravan.transport}.
 *
 * @param host address that other hosts reach this process at, without a port
 * @param port UDP port of the inboxes; 0 takes a free one
 * @param driverDirectory where the media driver to join runs; empty starts one in this process
 * @param mtu largest datagram
 * @param termBytes memory that buffers one direction of one link, taken threefold
 * @param idle name of what waiting threads do ({@link IdleStrategies})
 * @param livenessTimeout a sender or receiver that was silent for so long is gone
 * @param clientTimeout a process that did not touch its media driver for so long is gone
 * @param maxFrameBytes longest frame that is sent or taken
 */
public record AeronSettings(
        String host,
        int port,
        String driverDirectory,
        DatagramSize mtu,
        int termBytes,
        String idle,
        Duration livenessTimeout,
        Duration clientTimeout,
        int maxFrameBytes) {

    private static final String AUTO = "auto";
    private static final String LOOPBACK = "127.0.0.1";
    private static final int MIN_MTU_BYTES = 1024;
    private static final int MAX_MTU_BYTES = 65_504;

    /** A message takes at most this part of a term. */
    private static final int TERM_SHARE = 8;

    private static final int MIN_TERM_BYTES = 64 << 10;
    private static final int MAX_TERM_BYTES = 1 << 30;
    private static final Duration SHORTEST_TIMEOUT = Duration.ofSeconds(1);

    public AeronSettings {
        require(!host.isBlank(), "host", "an address", host);
        require(port >= 0 && port <= 65_535, "port", "0 to 65535", port);
        if (mtu instanceof DatagramSize.Fixed(int bytes)) {
            require(
                    bytes >= MIN_MTU_BYTES && bytes <= MAX_MTU_BYTES && bytes % DatagramSize.MULTIPLE == 0,
                    "mtu",
                    "auto, or a multiple of 32 from 1024 to 65504 bytes",
                    bytes);
        }
        require(
                termBytes >= MIN_TERM_BYTES && termBytes <= MAX_TERM_BYTES && BitUtil.isPowerOfTwo(termBytes),
                "term-length",
                "a power of two from 64 KiB to 1 GiB",
                termBytes);
        IdleStrategies.named(idle);
        require(livenessTimeout.compareTo(SHORTEST_TIMEOUT) >= 0, "liveness-timeout", "at least 1s", livenessTimeout);
        require(clientTimeout.compareTo(SHORTEST_TIMEOUT) >= 0, "client-timeout", "at least 1s", clientTimeout);
        require(maxFrameBytes >= largestDatagramBytes(mtu), "max-frame", "at least the mtu", maxFrameBytes);
    }

    /**
     * Those of {@code config}, the whole configuration.
     *
     * @throws IllegalArgumentException when a value is out of its range
     */
    public static AeronSettings from(Config config) {
        Config transport = config.getConfig("caravan.transport");
        return new AeronSettings(
                transport.getString("host").isEmpty() ? LOOPBACK : transport.getString("host"),
                transport.getInt("port"),
                transport.getString("driver-directory"),
                transport.getString("mtu").equals(AUTO)
                        ? new DatagramSize.OfThePath()
                        : new DatagramSize.Fixed(bytes(transport, "mtu")),
                bytes(transport, "term-length"),
                transport.getString("idle"),
                transport.getDuration("liveness-timeout"),
                transport.getDuration("client-timeout"),
                bytes(transport, "max-frame"));
    }

    /** Whether this process is to run a media driver of its own. */
    public boolean embedsDriver() {
        return driverDirectory.isEmpty();
    }

    /** Of links to anywhere. */
    int largestDatagramBytes() {
        return largestDatagramBytes(mtu);
    }

    private static int largestDatagramBytes(DatagramSize mtu) {
        return switch (mtu) {
            case DatagramSize.Fixed(int bytes) -> bytes;
            case DatagramSize.OfThePath _ -> DatagramSize.MOST_BYTES;
        };
    }

    /** Largest message through shared memory, where no network bounds it. */
    int ipcMessageBytes() {
        return Math.clamp(termBytes / TERM_SHARE, MIN_MTU_BYTES, MAX_MTU_BYTES)
                / DatagramSize.MULTIPLE
                * DatagramSize.MULTIPLE;
    }

    private static int bytes(Config transport, String key) {
        long value = transport.getBytes(key);
        require(value >= 0 && value <= Integer.MAX_VALUE, key, "less than 2 GiB", value);
        return (int) value;
    }

    private static void require(boolean holds, String key, String range, Object value) {
        if (!holds) {
            throw new IllegalArgumentException("caravan.transport." + key + " must be " + range + ", not " + value);
        }
    }
}
