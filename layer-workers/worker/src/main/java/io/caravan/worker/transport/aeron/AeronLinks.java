package io.caravan.worker.transport.aeron;

import io.aeron.Aeron;
import io.aeron.AvailableImageHandler;
import io.aeron.exceptions.AeronException;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLinks;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process's way into Aeron: one client, one UDP port, and a media driver, its own or shared.
 *
 * <p>A driver gives up a client that was silent too long, as one is whose process was stopped for a while. Its inboxes and
 * links are of no use then, and say so; the next that is opened joins the driver anew.
 */
public final class AeronLinks implements StageLinks {
    private final AeronSettings settings;
    private final String driverDirectory;
    private final Runnable closeDriver;
    private volatile AeronClient client;
    private volatile boolean closed;

    private AeronLinks(AeronSettings settings, String driverDirectory, Runnable closeDriver) {
        this.settings = settings;
        this.driverDirectory = driverDirectory;
        this.closeDriver = closeDriver;
        this.client = AeronClient.join(settings, driverDirectory);
    }

    /**
     * Joins the media driver that {@code settings} name, or starts one, and takes the UDP port.
     *
     * @throws IllegalStateException when no driver runs there, or the port cannot be had
     */
    public static AeronLinks open(AeronSettings settings) {
        if (!settings.embedsDriver()) {
            return new AeronLinks(settings, settings.driverDirectory(), () -> {});
        }
        MediaDriverHost driver = MediaDriverHost.start(settings);
        try {
            return new AeronLinks(settings, driver.directory().toString(), driver::close);
        } catch (RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    /** Where the media driver runs, its own or shared; other processes of this host may join it there. */
    public String driverDirectory() {
        return driverDirectory;
    }

    /** The UDP port of all inboxes. */
    public int port() {
        return client.port();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Its stream id is one that the driver gives out once, to whichever process asks: inboxes of processes that share a
     * driver share its memory too, and must not hear each other's frames.
     *
     * @throws IllegalStateException when the links are closed, or the driver is gone
     */
    @Override
    public StageInbox openInbox() {
        AeronClient joined = joined();
        Aeron aeron = joined.aeron();
        int streamId = 1 + (int) (aeron.nextCorrelationId() % Integer.MAX_VALUE);
        Optional<SharedBell> bell = SharedBell.create(bellFile(streamId));
        // a sender may have rung before this client heard of it
        AvailableImageHandler heard = image -> bell.ifPresent(SharedBell::wake);
        return new AeronInbox(
                new LinkEndpoint(settings.host(), joined.port(), streamId, joined.driverId()),
                aeron.addSubscription(Channels.ipc(), streamId, heard, image -> {}),
                aeron.addSubscription(Channels.udp(settings.host(), joined.port()), streamId, heard, image -> {}),
                settings.maxFrameBytes(),
                bell,
                () -> aeron.isClosed() && !closed);
    }

    private Path bellFile(int streamId) {
        return Path.of(driverDirectory, "bells", Integer.toString(streamId));
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException when the links are closed, the driver is gone, or the target's host has no address
     */
    @Override
    public StageLink connect(LinkEndpoint target) {
        AeronClient joined = joined();
        try {
            String channel = Channels.to(target, joined.driverId(), settings);
            boolean near = target.driverId().equals(joined.driverId());
            return new AeronLink(
                    target,
                    joined.aeron().addExclusivePublication(channel, target.streamId()),
                    near ? SharedBell.find(bellFile(target.streamId())) : Optional.empty(),
                    settings);
        } catch (AeronException e) {
            throw new IllegalStateException("cannot open a link to " + target + ": " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            client.aeron().close();
            closeDriver.run();
        }
    }

    private AeronClient joined() {
        AeronClient current = client;
        return closed || current.aeron().isClosed() ? rejoined() : current;
    }

    private synchronized AeronClient rejoined() {
        if (closed) {
            throw new IllegalStateException("the links are closed");
        }
        if (client.aeron().isClosed()) {
            client = AeronClient.join(settings, driverDirectory);
        }
        return client;
    }

    /** What an unresponsive process looks like to its driver, for tests. */
    void loseDriver() {
        client.aeron().close();
    }
}
