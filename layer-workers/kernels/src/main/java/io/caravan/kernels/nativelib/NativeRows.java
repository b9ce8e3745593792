package io.caravan.kernels.nativelib;

import static io.caravan.kernels.nativelib.NativeLibrary.longs;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.caravan.kernels.Tensor;
import java.lang.invoke.MethodHandle;

/** What {@code activation.c} does to each row of activations alone, but for bringing it into a product's form. */
final class NativeRows {
    private static final NativeLibrary LIBRARY = NativeLibrary.shared();
    private static final MethodHandle RMS_NORM =
            LIBRARY.kernel("rms_norm", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SWIGLU = LIBRARY.kernel("swiglu", longs(4));
    private static final MethodHandle ADD = LIBRARY.kernel("add", longs(4));
    private static final MethodHandle ADD_BIAS = LIBRARY.kernel("add_bias", longs(5));
    private static final MethodHandle SCALE = LIBRARY.kernel("scale", JAVA_LONG, JAVA_FLOAT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle ROPE = LIBRARY.kernel("rope", longs(7));

    private NativeRows() {}

    /** @param weight F32 */
    static void rmsNorm(Tensor out, Tensor x, Tensor weight, float eps, long rowFrom, long rowTo) {
        try {
            RMS_NORM.invokeExact(out.address(), x.address(), weight.address(), eps, weight.columns(), rowFrom, rowTo);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static void swiGlu(Tensor gate, Tensor up, long from, long to) {
        try {
            SWIGLU.invokeExact(gate.address(), up.address(), from, to);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static void add(Tensor x, Tensor y, long from, long to) {
        try {
            ADD.invokeExact(x.address(), y.address(), from, to);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static void addBias(Tensor x, Tensor bias, long rowFrom, long rowTo) {
        try {
            ADD_BIAS.invokeExact(x.address(), bias.address(), bias.columns(), rowFrom, rowTo);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static void scale(Tensor x, float factor, long from, long to) {
        try {
            SCALE.invokeExact(x.address(), factor, from, to);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    static void rope(Tensor x, Tensor cos, Tensor sin, long headDim, long rowFrom, long rowTo) {
        try {
            ROPE.invokeExact(x.address(), cos.address(), sin.address(), x.columns(), headDim, rowFrom, rowTo);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
