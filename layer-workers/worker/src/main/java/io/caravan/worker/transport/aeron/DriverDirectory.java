package io.caravan.worker.transport.aeron;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.IoUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory of a media driver of ours, in memory where there is enough of it.
 *
 * <p>A process that is killed leaves its directory behind. Beside each directory lies a file that its owner keeps locked: the
 * kernel drops the lock when the process ends, however it ends. So whoever gets the lock knows that the owner is dead, in
 * other containers too, where process ids mean nothing; and a driver that is only slow is never taken for dead.
 */
final class DriverDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DriverDirectory.class);
    private static final String PREFIX = "caravan-aeron-";
    private static final String LOCK_SUFFIX = ".lock";
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final long SHARED_MEMORY_NEEDED_BYTES = 256L << 20;

    /**
     * Lock files of this process, which it must not open twice: closing any channel to a file gives up the process's locks
     * on it.
     */
    private static final Set<Path> OURS = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Path lockFile;
    private final FileChannel lock;

    private DriverDirectory(Path path, Path lockFile, FileChannel lock) {
        this.path = path;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /**
     * A place for a new driver, after those of dead ones were cleaned up.
     *
     * @throws UncheckedIOException when there is none
     */
    static DriverDirectory create(Path root) {
        cleanStale(root);
        Path path = root.resolve(PREFIX + UUID.randomUUID());
        Path lockFile = root.resolve(path.getFileName() + LOCK_SUFFIX);
        OURS.add(lockFile);
        try {
            FileChannel lock = FileChannel.open(lockFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            lock.lock();
            return new DriverDirectory(path, lockFile, lock);
        } catch (IOException e) {
            OURS.remove(lockFile);
            throw new UncheckedIOException("cannot make a place for Aeron's files in " + root, e);
        }
    }

    /** Where the driver's files go; the driver makes it. */
    Path path() {
        return path;
    }

    @Override
    public void close() {
        IoUtil.delete(path.toFile(), true);
        IoUtil.delete(lockFile.toFile(), true);
        try {
            lock.close();
        } catch (IOException e) {
            LOG.warn("Cannot close {}", lockFile, e);
        }
        OURS.remove(lockFile);
    }

    /** Where drivers' files may lie, the best first. */
    static List<Path> roots() {
        boolean roomy = Files.isWritable(SHARED_MEMORY)
                && SHARED_MEMORY.toFile().getUsableSpace() >= SHARED_MEMORY_NEEDED_BYTES;
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        return roomy ? List.of(SHARED_MEMORY, temporary) : List.of(temporary);
    }

    private static void cleanStale(Path root) {
        try (DirectoryStream<Path> lockFiles = Files.newDirectoryStream(root, PREFIX + "*" + LOCK_SUFFIX)) {
            for (Path lockFile : lockFiles) {
                if (!OURS.contains(lockFile)) {
                    cleanIfDead(lockFile);
                }
            }
        } catch (IOException e) {
            LOG.warn("Cannot look for files that dead processes left in {}", root, e);
        }
    }

    private static void cleanIfDead(Path lockFile) {
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE)) {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                String name = lockFile.getFileName().toString();
                Path path = lockFile.resolveSibling(name.substring(0, name.length() - LOCK_SUFFIX.length()));
                IoUtil.delete(path.toFile(), true);
                IoUtil.delete(lockFile.toFile(), true);
                LOG.info("Removed {}, which a process left that ended without cleaning up", path);
            }
        } catch (IOException e) {
            LOG.debug("Leaving {} alone: it is another user's, or just went", lockFile, e);
        }
    }
}
