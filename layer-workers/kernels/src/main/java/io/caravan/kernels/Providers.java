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
            case NATIVE -> nativeOver(vectorOrScalar(threads, "for what the native ones lack"), threads, activations);
            case AUTO -> automatic(threads, activations);
        };
        LOG.info("computes with the {} kernels", provider.name());
        return provider;
    }

    private static HostProvider automatic(int threads, ActivationChoice activations) {
        var others = vectorOrScalar(threads, "which are slow");
        try {
            return nativeOver(others, threads, activations);
        } catch (IllegalStateException e) {
            LOG.warn("without the native kernels: {}", e.getMessage());
            return others;
        }
    }

    private static HostProvider nativeOver(HostProvider others, int threads, ActivationChoice activations) {
        try {
            return new NativeProvider(others, threads, activations);
        } catch (UnsupportedOperationException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }

    private static HostProvider vectorOrScalar(int threads, String note) {
        try {
            return vector(threads);
        } catch (IllegalStateException e) {
            LOG.warn("with the scalar kernels, {}: {}", note, e.getMessage());
            return new ScalarProvider();
        }
    }

    private static HostProvider vector(int threads) {
        if (ModuleLayer.boot().findModule(VECTOR_MODULE).isEmpty()) {
            throw new IllegalStateException("the vector kernels need the JVM flag --add-modules=" + VECTOR_MODULE);
        }
        try {
            return new VectorProvider(threads);
        } catch (UnsupportedOperationException e) {
            throw new IllegalStateException(e.getMessage(), e);
        }
    }
}
