package io.caravan.worker.transport.aeron;

import io.caravan.kernels.nativelib.Futex;
import io.caravan.proto.link.Doorbell;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes a thread of this host, in whichever process it is: a file in memory that both map, and Linux's futex, which sleeps
 * for as long as a number in it stays the same. Frames in shared memory come without a sound, and looking for them a thousand
 * times a second takes cores from those who compute them.
 *
 * <p>The number counts rings. Who rings counts first and looks for a sleeper then; who sleeps says so first and compares then,
 * so that one of them sees the other.
 */
final class SharedBell implements Doorbell, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedBell.class);

    private static final int LENGTH = 64;
    private static final long RINGS_AT = 0;
    private static final long SLEEPING_AT = 4;
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    private final Path file;
    private final Futex futex;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment shared;
    private int heardRings; // by the sleeper

    private SharedBell(Path file, Futex futex, FileChannel channel) throws IOException {
        this.file = file;
        this.futex = futex;
        shared = channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH, arena);
    }

    /** A new one in {@code file} for the thread that will sleep there; empty where there can be none. */
    static Optional<SharedBell> create(Path file) {
        return Futex.shared().flatMap(futex -> {
            try {
                Files.createDirectories(file.getParent());
                return Optional.of(open(file, futex, StandardOpenOption.CREATE));
            } catch (IOException e) {
                LOG.warn("Cannot make {}: frames are looked for instead", file, e);
                return Optional.empty();
            }
        });
    }

    /** The one in {@code file}, to be rung; empty where there is none. */
    static Optional<SharedBell> find(Path file) {
        return Futex.shared().filter(futex -> Files.exists(file)).flatMap(futex -> {
            try {
                return Optional.of(open(file, futex, StandardOpenOption.READ));
            } catch (IOException e) {
                LOG.warn("Cannot ring {}: frames to it are late", file, e);
                return Optional.empty();
            }
        });
    }

    private static SharedBell open(Path file, Futex futex, OpenOption option) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, option)) {
            if (channel.size() < LENGTH) {
                channel.write(
                        ByteBuffer.allocate(LENGTH),
                        0); // takes its room: a page that is only mapped may not be there later
            }
            return new SharedBell(file, futex, channel);
        }
    }

    @Override
    public void sleep(long ns) {
        if (rings() == heardRings) {
            INT.setVolatile(shared, SLEEPING_AT, 1);
            futex.sleep(shared, heardRings, ns);
            INT.setVolatile(shared, SLEEPING_AT, 0);
        }
        heardRings = rings();
    }

    @Override
    public void wake() {
        INT.getAndAdd(shared, RINGS_AT, 1);
        if ((int) INT.getVolatile(shared, SLEEPING_AT) != 0) {
            futex.wake(shared);
        }
    }

    private int rings() {
        return (int) INT.getVolatile(shared, RINGS_AT);
    }

    /** Ends it for those who come later; who has it open may still ring. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.debug("Leaving {} behind", file, e);
        }
    }
}
