package io.caravan.kernels.nativelib;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.caravan.kernels.LogitKernels;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The passes over logits in C, which reads the arrays where they are. */
final class NativeLogits implements LogitKernels {
    private static final NativeLibrary LIBRARY = NativeLibrary.shared();
    private static final MethodHandle HIGHEST = LIBRARY.arrayKernel("highest", ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle WEIGH =
            LIBRARY.arrayKernel("weigh", ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_FLOAT, JAVA_FLOAT);
    private static final MethodHandle DEAL = LIBRARY.arrayKernel(
            "deal", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT);
    private static final MethodHandle PICK = LIBRARY.arraySize(
            "pick", ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_FLOAT, JAVA_FLOAT, JAVA_FLOAT);

    @Override
    public void highest(float[] highest, float[] logits, int count) {
        check(highest, logits, logits, count);
        try {
            HIGHEST.invokeExact(MemorySegment.ofArray(highest), MemorySegment.ofArray(logits), (long) count);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    @Override
    public void weigh(float[] weights, float[] sums, float[] logits, int count, float most, float temperature) {
        check(sums, weights, logits, count);
        try {
            WEIGH.invokeExact(
                    MemorySegment.ofArray(weights),
                    MemorySegment.ofArray(sums),
                    MemorySegment.ofArray(logits),
                    (long) count,
                    most,
                    temperature);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    @Override
    public void deal(int[] counts, long[] masses, Dealing dealing) {
        check(dealing.sums(), dealing.weights(), dealing.logits(), dealing.count());
        if (counts.length < STEPS || masses.length < STEPS) {
            throw new IllegalArgumentException("arrays are too short for " + STEPS + " steps");
        }
        try {
            DEAL.invokeExact(
                    MemorySegment.ofArray(counts),
                    MemorySegment.ofArray(masses),
                    MemorySegment.ofArray(dealing.weights()),
                    MemorySegment.ofArray(dealing.sums()),
                    MemorySegment.ofArray(dealing.logits()),
                    (long) dealing.count(),
                    dealing.least(),
                    dealing.most(),
                    dealing.stepsPerLogit());
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    @Override
    public int pick(int[] ids, int step, Dealing dealing) {
        check(dealing.sums(), dealing.weights(), dealing.logits(), dealing.count());
        if (ids.length < dealing.count()) {
            throw new IllegalArgumentException(
                    "an array of " + ids.length + " is too short for " + dealing.count() + " ids");
        }
        try {
            return (int) (long) PICK.invokeExact(
                    MemorySegment.ofArray(ids),
                    step,
                    MemorySegment.ofArray(dealing.weights()),
                    MemorySegment.ofArray(dealing.sums()),
                    MemorySegment.ofArray(dealing.logits()),
                    (long) dealing.count(),
                    dealing.least(),
                    dealing.most(),
                    dealing.stepsPerLogit());
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    private static void check(float[] perBlock, float[] weights, float[] logits, int count) {
        if (count < 0
                || logits.length < count
                || weights.length < count
                || perBlock.length < LogitKernels.blocks(count)) {
            throw new IllegalArgumentException("arrays are too short for " + count + " logits");
        }
    }
}
