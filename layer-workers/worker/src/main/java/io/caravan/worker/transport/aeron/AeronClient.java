package io.caravan.worker.transport.aeron;

import io.aeron.Aeron;
import io.aeron.CncFileDescriptor;
import io.aeron.exceptions.AeronException;
import java.io.File;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.MappedByteBuffer;
import org.agrona.IoUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of a media driver, with the UDP port that it holds.
 *
 * @param driverId the same for all processes that use one driver, and different for any two drivers
 * @param port UDP port of all inboxes
 */
record AeronClient(Aeron aeron, String driverId, int port) {
    private static final Logger LOG = LoggerFactory.getLogger(AeronClient.class);

    /**
     * Joins the driver in {@code directory}.
     *
     * @throws IllegalStateException when none runs there, or the port cannot be had
     */
    static AeronClient join(AeronSettings settings, String directory) {
        String driverId = driverId(directory);
        Aeron aeron = connect(directory);
        try {
            int port = PortReservation.reserve(aeron, settings);
            LOG.info("Frames arrive at {}:{}, media driver {}", settings.host(), port, driverId);
            return new AeronClient(aeron, driverId, port);
        } catch (RuntimeException e) {
            aeron.close();
            throw e;
        }
    }

    private static Aeron connect(String directory) {
        try {
            return Aeron.connect(new Aeron.Context()
                    .aeronDirectoryName(directory)
                    .threadFactory(task -> MediaDriverHost.daemon(task, "aeron-client"))
                    .errorHandler(error -> AeronErrors.log("Aeron client", error)));
        } catch (AeronException e) {
            throw new IllegalStateException("the media driver in " + directory + " does not answer", e);
        }
    }

    private static String driverId(String directory) {
        File cncFile = new File(directory, CncFileDescriptor.CNC_FILE);
        if (!cncFile.exists()) {
            throw new IllegalArgumentException("no media driver runs in " + directory
                    + " (caravan.transport.driver-directory); leave it empty to start one in this process");
        }
        MappedByteBuffer cnc = IoUtil.mapExistingFile(cncFile, CncFileDescriptor.CNC_FILE);
        try {
            long startMs = CncFileDescriptor.startTimestampMs(CncFileDescriptor.createMetaDataBuffer(cnc));
            return hostName() + ":" + directory + "@" + startMs;
        } finally {
            IoUtil.unmap(cnc);
        }
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return InetAddress.getLoopbackAddress().getHostName();
        }
    }
}
