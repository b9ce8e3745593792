package io.caravan.kernels;

import io.caravan.kernels.scalar.ScalarProvider;
import io.caravan.kernels.vector.VectorProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Chooses the kernels that this JVM and CPU can run. */
final class Providers {
    private static final Logger LOG = LoggerFactory.getLogger(Providers.class);

    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private Providers() {}

    static HostProvider choose(KernelChoice choice, int threads) {
        return switch (choice) {
            case SCALAR -> new ScalarProvider();
            case VECTOR -> vector(threads);
            case AUTO -> {
                try {
                    yield vector(threads);
                } catch (IllegalStateException e) {
                    LOG.warn("using the scalar kernels, which are slow: {}", e.getMessage());
                    yield new ScalarProvider();
                }
            }
        };
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
