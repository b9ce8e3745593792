package io.caravan.kernels.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Linux's way to sleep until a number in memory changes that threads share, of one process or of several that map the same file. Who
 * changes it wakes the sleeper.
 */
public final class Futex {
    private static final Optional<Futex> SHARED = link();

    private final MethodHandle sleep;
    private final MethodHandle wake;

    private Futex(NativeLibrary library) {
        sleep = library.function("caravan_sleep", JAVA_LONG, JAVA_LONG, JAVA_LONG);
        wake = library.function("caravan_wake", JAVA_LONG);
    }

    private static Optional<Futex> link() {
        try {
            return Optional.of(new Futex(NativeLibrary.shared()));
        } catch (UnsupportedOperationException none) {
            return Optional.empty();
        }
    }

    /** The one of this process; empty where there is no library, or the system has no such thing. */
    public static Optional<Futex> shared() {
        return SHARED;
    }

    /**
     * Sleeps for as long as the number is {@code expected}, until a wake or for {@code ns}; may return sooner.
     *
     * @param number 32 bits, off-heap, at a multiple of four
     */
    public void sleep(MemorySegment number, int expected, long ns) {
        try {
            var unused = (long) sleep.invokeExact(number.address(), (long) expected, ns);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Wakes the thread that sleeps at {@code number}, if there is one. */
    public void wake(MemorySegment number) {
        try {
            var unused = (long) wake.invokeExact(number.address());
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
