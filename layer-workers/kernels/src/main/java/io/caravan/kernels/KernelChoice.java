package io.caravan.kernels;

/** Which kernels a worker asks for. */
public enum KernelChoice {
    /** The fast ones where this JVM and CPU have them, else the scalar ones. */
    AUTO,
    /** The fast ones, or an error that says why they cannot run here. */
    VECTOR,
    /** The definition: slow, and the same bits on every machine. */
    SCALAR
}
