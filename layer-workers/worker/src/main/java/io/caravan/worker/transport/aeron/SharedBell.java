package io.caravan.worker.transport.aeron;

import io.caravan.proto.link.Doorbell;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
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
@SuppressWarnings("restricted")
final class SharedBell implements Doorbell, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedBell.class);

    private static final int LENGTH = 64;
    private static final long RINGS_AT = 0;
    private static final long SLEEPING_AT = 4;
    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

    private static final long FUTEX_WAIT = 0;
    private static final long FUTEX_WAKE = 1;
    private static final Optional<MethodHandle> FUTEX = futex();

    private final Path file;
    private final MethodHandle futex;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment shared;
    private final MemorySegment timeout = arena.allocate(ValueLayout.JAVA_LONG, 2); // seconds, nanoseconds
    private int heardRings; // by the sleeper

    private SharedBell(Path file, MethodHandle futex, FileChannel channel) throws IOException {
        this.file = file;
        this.futex = futex;
        shared = channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH, arena);
    }

    /** {@code syscall} of the C library; empty where this system has no futex, or numbers it as we do not know. */
    private static Optional<MethodHandle> futex() {
        var number = switch (System.getProperty("os.name") + "/" + System.getProperty("os.arch")) {
            case "Linux/amd64" -> 202L;
            case "Linux/aarch64" -> 98L;
            default -> -1L;
        };
        if (number < 0) {
            return Optional.empty();
        }
        var linker = Linker.nativeLinker();
        // number, address, operation, value, timeout
        var descriptor = FunctionDescriptor.of(
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG);
        return linker.defaultLookup()
                .find("syscall")
                .map(symbol -> linker.downcallHandle(symbol, descriptor, Linker.Option.firstVariadicArg(1)))
                .map(syscall -> MethodHandles.insertArguments(syscall, 0, number));
    }

    /** A new one in {@code file} for the thread that will sleep there; empty where there can be none. */
    static Optional<SharedBell> create(Path file) {
        return FUTEX.flatMap(futex -> {
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
        return FUTEX.filter(futex -> Files.exists(file)).flatMap(futex -> {
            try {
                return Optional.of(open(file, futex, StandardOpenOption.READ));
            } catch (IOException e) {
                LOG.warn("Cannot ring {}: frames to it are late", file, e);
                return Optional.empty();
            }
        });
    }

    private static SharedBell open(Path file, MethodHandle futex, OpenOption option) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, option)) {
            return new SharedBell(file, futex, channel);
        }
    }

    @Override
    public void sleep(long ns) {
        if (rings() == heardRings) {
            timeout.setAtIndex(ValueLayout.JAVA_LONG, 0, TimeUnit.NANOSECONDS.toSeconds(ns));
            timeout.setAtIndex(ValueLayout.JAVA_LONG, 1, ns % TimeUnit.SECONDS.toNanos(1));
            INT.setVolatile(shared, SLEEPING_AT, 1);
            call(FUTEX_WAIT, heardRings, timeout.address());
            INT.setVolatile(shared, SLEEPING_AT, 0);
        }
        heardRings = rings();
    }

    @Override
    public void wake() {
        INT.getAndAdd(shared, RINGS_AT, 1);
        if ((int) INT.getVolatile(shared, SLEEPING_AT) != 0) {
            call(FUTEX_WAKE, 1, 0);
        }
    }

    private int rings() {
        return (int) INT.getVolatile(shared, RINGS_AT);
    }

    private void call(long operation, long value, long timeoutAt) {
        try {
            var unused = (long) futex.invokeExact(shared.address() + RINGS_AT, operation, value, timeoutAt);
        } catch (Throwable e) {
            throw new IllegalStateException("futex", e);
        }
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
