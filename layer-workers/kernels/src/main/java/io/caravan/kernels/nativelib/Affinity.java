package io.caravan.kernels.nativelib;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.invoke.MethodHandle;
import java.util.BitSet;

/**
 * Which CPUs threads run on, and which give way to others. Methods throw {@link UnsupportedOperationException} where the
 * library cannot be loaded.
 */
public final class Affinity {
    private static final int WORDS = 64;

    private Affinity() {}

    /** Linked when the library is known to be there. */
    private static final class Calls {
        static final MethodHandle ALLOWED_CPUS = NativeLibrary.shared().function("caravan_allowed_cpus", JAVA_LONG);
        static final MethodHandle PIN = NativeLibrary.shared().function("caravan_pin", JAVA_LONG);
        static final MethodHandle NICE = NativeLibrary.shared().function("caravan_nice", JAVA_LONG, JAVA_LONG);
    }

    /** The CPUs that the calling thread may run on; none where the system does not tell. */
    public static BitSet allowed() {
        NativeLibrary.shared();
        var words = new long[WORDS];
        for (var word = 0; word < WORDS; word++) {
            words[word] = call(Calls.ALLOWED_CPUS, word);
        }
        return BitSet.valueOf(words);
    }

    /**
     * Lets the calling thread run on {@code cpu} only.
     *
     * @throws IllegalStateException when the system refuses
     */
    public static void pin(int cpu) {
        NativeLibrary.shared();
        var error = call(Calls.PIN, cpu);
        if (error != 0) {
            throw new IllegalStateException("a thread cannot be pinned to CPU " + cpu + ": error " + error);
        }
    }

    /**
     * Lets another thread of this process give way to those that want its core.
     *
     * @param thread the system's number of it
     * @param nice from 0, not at all, to 19
     * @return whether the system did so
     */
    public static boolean giveWay(long thread, int nice) {
        NativeLibrary.shared();
        try {
            return (long) Calls.NICE.invokeExact(thread, (long) nice) == 0;
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    private static long call(MethodHandle function, long argument) {
        try {
            return (long) function.invokeExact(argument);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
