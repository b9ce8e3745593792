package io.caravan.worker.transport.aeron;

import io.aeron.Aeron;
import io.aeron.CncFileDescriptor;
import io.aeron.exceptions.AeronException;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLinks;
import java.io.File;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.MappedByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.IoUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process's way into Aeron: one client, one UDP port, and a media driver, its own or shared. */
public final class AeronLinks implements StageLinks {
    private static final Logger LOG = LoggerFactory.getLogger(AeronLinks.class);

    private final AeronSettings settings;
    private final Aeron aeron;
    private final Runnable closeDriver;
    private final String driverId;
    private final int port;
    private final AtomicBoolean closed = new AtomicBoolean();

    private AeronLinks(AeronSettings settings, Aeron aeron, Runnable closeDriver, String driverId, int port) {
        this.settings = settings;
        this.aeron = aeron;
        this.closeDriver = closeDriver;
        this.driverId = driverId;
        this.port = port;
    }

    /**
     * Joins the media driver that {@code settings} name, or starts one, and takes the UDP port.
     *
     * @throws IllegalStateException when no driver runs there, or the port cannot be had
     */
    public static AeronLinks open(AeronSettings settings) {
        if (!settings.embedsDriver()) {
            return join(settings, settings.driverDirectory(), () -> {});
        }
        MediaDriverHost driver = MediaDriverHost.start(settings);
        try {
            return join(settings, driver.directory().toString(), driver::close);
        } catch (RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    private static AeronLinks join(AeronSettings settings, String directory, Runnable closeDriver) {
        String driverId = driverId(directory);
        Aeron aeron = connect(directory);
        try {
            int port = PortReservation.reserve(aeron, settings);
            LOG.info("Frames arrive at {}:{}, media driver {}", settings.host(), port, driverId);
            return new AeronLinks(settings, aeron, closeDriver, driverId, port);
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

    /** The same for all processes that use one driver, and different for any two drivers. */
    private static String driverId(String directory) {
        File cncFile = new File(directory, CncFileDescriptor.CNC_FILE);
        if (!cncFile.exists()) {
            throw new IllegalStateException("no media driver runs in " + directory
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

    /** The UDP port of all inboxes. */
    public int port() {
        return port;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Its stream id is one that the driver gives out once, to whichever process asks: inboxes of processes that share a
     * driver share its memory too, and must not hear each other's frames.
     */
    @Override
    public StageInbox openInbox() {
        requireOpen();
        int streamId = 1 + (int) (aeron.nextCorrelationId() % Integer.MAX_VALUE);
        LinkEndpoint endpoint = new LinkEndpoint(settings.host(), port, streamId, driverId);
        return new AeronInbox(
                endpoint,
                aeron.addSubscription(Channels.ipc(), streamId),
                aeron.addSubscription(Channels.udp(settings.host(), port), streamId),
                settings.maxFrameBytes());
    }

    @Override
    public StageLink connect(LinkEndpoint target) {
        requireOpen();
        try {
            String channel = Channels.to(target, driverId, settings);
            return new AeronLink(target, aeron.addExclusivePublication(channel, target.streamId()), settings);
        } catch (AeronException e) {
            throw new IllegalStateException("cannot open a link to " + target + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            aeron.close();
            closeDriver.run();
        }
    }

    private void requireOpen() {
        if (closed.get() || aeron.isClosed()) {
            throw new IllegalStateException("the links are closed");
        }
    }
}
