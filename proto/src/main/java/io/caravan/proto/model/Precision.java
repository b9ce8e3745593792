package io.caravan.proto.model;

/**
 * How exactly a pipeline computes: all its stages alike, so that a stage that moves computes the same bits.
 *
 * @param kv type of the KV cache
 * @param wire type of the hidden states on their way from stage to stage; F32 keeps their bits, so that the stage cuts do
 *     not show in them
 * @param bf16 how the BF16 weights among them lie in memory, which changes no bit of what is computed
 */
public record Precision(
        WeightChoice weights, ActivationChoice activations, TensorType kv, TensorType wire, Bf16Storage bf16) {
    public Precision {
        if (wire.quantised()) {
            throw new IllegalArgumentException("hidden states travel as F32, BF16 or F16, not as " + wire);
        }
    }

    /** Weights as they are stored, what is usual for activations, hidden states as they are. */
    public static Precision usual(TensorType kv) {
        return new Precision(
                WeightChoice.AS_STORED, ActivationChoice.AUTO, kv, TensorType.F32, Bf16Storage.TWELVE_BITS);
    }
}
