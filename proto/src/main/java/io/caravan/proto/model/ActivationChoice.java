package io.caravan.proto.model;

/** In which precision matrix products are asked to read their activations. */
public enum ActivationChoice {
    /** What is usual for the weights' type: signed bytes with quantised weights, floats with others. */
    AUTO,
    F32,
    BF16,
    INT8
}
