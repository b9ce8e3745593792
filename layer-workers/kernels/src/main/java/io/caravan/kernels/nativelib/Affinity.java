package io.caravan.kernels.nativelib;

import java.util.BitSet;

/** Which CPUs threads run on. Methods throw {@link UnsupportedOperationException} where the library cannot be loaded. */
public final class Affinity {
    private static final int WORDS = 64;

    private Affinity() {}

    /** The CPUs that the calling thread may run on; none where the system does not tell. */
    public static BitSet allowed() {
        NativeProvider.requireLibrary();
        var words = new long[WORDS];
        for (var word = 0; word < WORDS; word++) {
            words[word] = Calls.allowedCpus(word);
        }
        return BitSet.valueOf(words);
    }

    /**
     * Lets the calling thread run on {@code cpu} only.
     *
     * @throws IllegalStateException when the system refuses
     */
    public static void pin(int cpu) {
        NativeProvider.requireLibrary();
        var error = Calls.pin(cpu);
        if (error != 0) {
            throw new IllegalStateException("a thread cannot be pinned to CPU " + cpu + ": error " + error);
        }
    }
}
