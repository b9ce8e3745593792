package io.caravan.kernels;

/** Which kernels a worker asks for. */
public enum KernelChoice {
    /** The fastest that this machine can run: native ones, else the JVM's vectors, else the scalar ones. */
    AUTO,
    /** Those compiled from C, or an error that says why they cannot run here. */
    NATIVE,
    /** Those of the JVM's Vector API, or an error that says why they cannot run here. */
    VECTOR,
    /** The definition: slow, and the same bits on every machine. */
    SCALAR
}
