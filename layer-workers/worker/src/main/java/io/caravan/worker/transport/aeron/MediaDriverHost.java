package io.caravan.worker.transport.aeron;

import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.driver.status.SystemCounterDescriptor;
import io.aeron.driver.status.SystemCounters;
import io.aeron.exceptions.AeronException;
import io.caravan.proto.link.IdleStrategies;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.agrona.concurrent.status.AtomicCounter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A media driver within this process. Other processes of the host may share it: they get its {@link #directory()} as their
 * {@code caravan.transport.driver-directory}, and speak to each other through memory.
 */
public final class MediaDriverHost implements AutoCloseable {
    /** How often the driver looks for what has timed out. */
    private static final long TIMER_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(250);

    /** How long a closed link's last frames may take to be read. */
    private static final long LINGER_NS = TimeUnit.SECONDS.toNanos(2);

    /** How often the driver's second thread looks for a name to resolve: a thousand times a second takes cores from kernels. */
    private static final long EXECUTOR_SLEEP_MS = 50;

    /** A process may be thought dead only well before what it left half-written is given up. */
    private static final int UNBLOCK_FACTOR = 2;

    private static final Logger LOG = LoggerFactory.getLogger(MediaDriverHost.class);

    private final MediaDriver driver;
    private final Runnable cleanUp;

    private MediaDriverHost(MediaDriver driver, Runnable cleanUp) {
        this.driver = driver;
        this.cleanUp = cleanUp;
    }

    /**
     * Starts a driver in a directory of its own, which goes when the driver is closed: in memory, or where there is no room for
     * it there, among temporary files.
     *
     * @throws IllegalStateException when there is room nowhere
     */
    public static MediaDriverHost start(AeronSettings settings) {
        return start(settings, DriverDirectory.roots());
    }

    /** @param roots where to, the best first */
    static MediaDriverHost start(AeronSettings settings, List<Path> roots) {
        var reasons = new ArrayList<String>();
        for (Path root : roots) {
            try {
                return startBelow(root, settings);
            } catch (IOException | UncheckedIOException | AeronException | InternalError noRoom) {
                LOG.warn("No media driver can run below {}", root, noRoom);
                reasons.add(root + ": " + noRoom.getMessage());
            }
        }
        throw new IllegalStateException(
                "there is no place for the media driver's files (free some room, or name another driver with"
                        + " caravan.transport.driver-directory); " + String.join("; ", reasons));
    }

    private static MediaDriverHost startBelow(Path root, AeronSettings settings) throws IOException {
        DriverDirectory directory = DriverDirectory.create(root);
        try {
            MediaDriver driver = launch(settings, directory.path());
            try {
                BackedFiles.in(directory.path());
            } catch (IOException noRoom) {
                driver.close();
                throw noRoom;
            }
            return new MediaDriverHost(driver, directory::close);
        } catch (IOException | RuntimeException | InternalError e) {
            directory.close();
            throw e;
        }
    }

    /**
     * Starts a driver in {@code directory}.
     *
     * @throws RuntimeException when another driver runs there
     */
    public static MediaDriverHost start(AeronSettings settings, Path directory) {
        return new MediaDriverHost(launch(settings, directory), () -> {});
    }

    /** What other processes of this host join. */
    public Path directory() {
        return Path.of(driver.aeronDirectoryName());
    }

    @Override
    public void close() {
        driver.close();
        cleanUp.run();
    }

    private static MediaDriver launch(AeronSettings settings, Path directory) {
        long livenessNs = settings.livenessTimeout().toNanos();
        long clientNs = settings.clientTimeout().toNanos();
        var idle = new DriverIdleStrategy(IdleStrategies.named(settings.idle()), System::nanoTime);
        var driver = MediaDriver.launch(new MediaDriver.Context()
                .aeronDirectoryName(directory.toString())
                .dirDeleteOnStart(false)
                .dirDeleteOnShutdown(true)
                .threadingMode(ThreadingMode.SHARED)
                .sharedThreadFactory(task -> daemon(task, "aeron-driver"))
                .sharedIdleStrategy(settings.idle().equals("backoff") ? idle : IdleStrategies.named(settings.idle()))
                .asyncExecutorThreadFactory(task -> daemon(task, "aeron-executor"))
                .asyncExecutorIdleStrategy(new SleepingMillisIdleStrategy(EXECUTOR_SLEEP_MS))
                .mtuLength(settings.largestDatagramBytes())
                .ipcMtuLength(settings.largestDatagramBytes())
                .publicationTermBufferLength(settings.termBytes())
                .ipcTermBufferLength(settings.termBytes())
                .termBufferSparseFile(false) // a log is all there, or refused, before a frame is in it
                .timerIntervalNs(TIMER_INTERVAL_NS)
                .imageLivenessTimeoutNs(livenessNs)
                .publicationConnectionTimeoutNs(livenessNs)
                .publicationLingerTimeoutNs(LINGER_NS)
                .clientLivenessTimeoutNs(clientNs)
                .publicationUnblockTimeoutNs(clientNs * UNBLOCK_FACTOR)
                .errorHandler(error -> AeronErrors.log("Media driver", error)));
        SystemCounters counters = driver.context().systemCounters();
        AtomicCounter sent = counters.get(SystemCounterDescriptor.BYTES_SENT);
        AtomicCounter received = counters.get(SystemCounterDescriptor.BYTES_RECEIVED);
        idle.watch(() -> sent.get() + received.get());
        return driver;
    }

    static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }
}
