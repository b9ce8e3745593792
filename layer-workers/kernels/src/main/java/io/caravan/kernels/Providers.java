package io.caravan.kernels;

import io.caravan.kernels.nativelib.NativeProvider;
import io.caravan.kernels.scalar.ScalarProvider;
import io.caravan.kernels.vector.VectorProvider;
import io.caravan.proto.model.ActivationChoice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the kernels that this machine and JVM can run. */
final class Providers {
    private static final Logger LOG = LoggerFactory.getLogger(Providers.class);

    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private Providers() {}

    static HostProvider choose(KernelChoice choice, int threads, ActivationChoice activations) {
        var provider = switch (choice) {
            case SCALAR -> new ScalarProvider();
            case VECTOR -> vector(threads);
            case NATIVE -> nativeOne(threads, activations);
            case AUTO -> automatic(threads, activations);
        };
        LOG.info("computes with the {} kernels", provider.name());
        return provider;
    }

    private static HostProvider automatic(int threads, ActivationChoice activations) {
        try {
            return nativeOne(threads, activations);
        } catch (IllegalStateException e) {
            LOG.warn("without the native kernels: {}", e.getMessage());
            return vectorOrScalar(threads);
        }
    }

    private static HostProvider nativeOne(int threads, ActivationChoice activations) {
        var others = hasVectors() ? vectorOrScalar(threads) : new ScalarProvider();
        try {
            return new NativeProvider(others, threads, activations);
        } catch (UnsupportedOperationException e) {
            others.close();
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private static HostProvider vectorOrScalar(int threads) {
        try {
            return vector(threads);
        } catch (IllegalStateException e) {
            LOG.warn("with the scalar kernels, which are slow: {}", e.getMessage());
            return new ScalarProvider();
        }
    }

    private static boolean hasVectors() {
        return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent();
    }

    private static HostProvider vector(int threads) {
        if (!hasVectors()) {
            throw new IllegalStateException("the vector kernels need the JVM flag --add-modules=" + VECTOR_MODULE);
        }
        try {
            return new VectorProvider(threads);
        } catch (UnsupportedOperationException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
