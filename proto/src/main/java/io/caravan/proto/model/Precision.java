package io.caravan.proto.model;

/**
 * How exactly a pipeline computes: all its stages alike, so that a stage that moves computes the same bits.
 *
 * @param kv type of the KV cache
 */
public record Precision(WeightChoice weights, ActivationChoice activations, TensorType kv) {

    /** Weights as they are stored, what is usual for activations. */
    public static Precision usual(TensorType kv) {
        return new Precision(WeightChoice.AS_STORED, ActivationChoice.AUTO, kv);
    }
}
