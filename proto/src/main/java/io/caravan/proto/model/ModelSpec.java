package io.caravan.proto.model;

import io.caravan.proto.sequence.TokenIds;

/**
 * The shape of a LLaMA-family model: everything that decides the size of its tensors and the arithmetic between them.
 *
 * @param name what users call the model
 * @param hiddenSize width of the hidden states
 * @param intermediateSize width of the feed-forward layer
 * @param layerCount transformer layers
 * @param headCount query heads
 * @param kvHeadCount key and value heads; divides {@code headCount}
 * @param headDim width of one head, not necessarily {@code hiddenSize / headCount}
 * @param vocabSize rows of the embedding and of the head
 * @param maxPositions longest context
 * @param rmsNormEps added to the mean square before its root
 * @param ropeTheta base of the rotary frequencies
 * @param tiedEmbeddings whether the head reuses the embedding
 * @param eosTokenIds tokens that end an answer, possibly none
 * @param weightType storage format of the weights, used for sizes; a checkpoint may mix
 * @param variations what its layers do otherwise than LLaMA's
 */
public record ModelSpec(
        String name,
        int hiddenSize,
        int intermediateSize,
        int layerCount,
        int headCount,
        int kvHeadCount,
        int headDim,
        int vocabSize,
        int maxPositions,
        float rmsNormEps,
        double ropeTheta,
        RopeScaling ropeScaling,
        boolean tiedEmbeddings,
        TokenIds eosTokenIds,
        TensorType weightType,
        Variations variations) {

    public ModelSpec {
        requirePositive("hidden_size", hiddenSize);
        requirePositive("intermediate_size", intermediateSize);
        requirePositive("num_hidden_layers", layerCount);
        requirePositive("num_attention_heads", headCount);
        requirePositive("num_key_value_heads", kvHeadCount);
        requirePositive("head_dim", headDim);
        requirePositive("vocab_size", vocabSize);
        requirePositive("max_position_embeddings", maxPositions);
        if (headCount % kvHeadCount != 0) {
            throw new IllegalArgumentException("num_attention_heads (" + headCount
                    + ") must be a multiple of num_key_value_heads (" + kvHeadCount + ")");
        }
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException("head_dim must be even for rotary embeddings, not " + headDim);
        }
        if (ropeScaling instanceof RopeScaling.Divisors scaling
                && scaling.divisors().size() != headDim / 2) {
            throw new IllegalArgumentException("heads of " + headDim + " elements need " + headDim / 2
                    + " rotary divisors, not " + scaling.divisors().size());
        }
        if (ropeScaling instanceof RopeScaling.Dynamic && headDim == 2) {
            throw new IllegalArgumentException("heads of 2 elements have no base that could grow with the context");
        }
        if (!(rmsNormEps >= 0) || !(ropeTheta > 0)) {
            throw new IllegalArgumentException("rms_norm_eps must not be negative and rope_theta must be positive, not "
                    + rmsNormEps + " and " + ropeTheta);
        }
    }

    /** A plain LLaMA. */
    public ModelSpec(
            String name,
            int hiddenSize,
            int intermediateSize,
            int layerCount,
            int headCount,
            int kvHeadCount,
            int headDim,
            int vocabSize,
            int maxPositions,
            float rmsNormEps,
            double ropeTheta,
            RopeScaling ropeScaling,
            boolean tiedEmbeddings,
            TokenIds eosTokenIds,
            TensorType weightType) {
        this(
                name,
                hiddenSize,
                intermediateSize,
                layerCount,
                headCount,
                kvHeadCount,
                headDim,
                vocabSize,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                ropeScaling,
                tiedEmbeddings,
                eosTokenIds,
                weightType,
                Variations.NONE);
    }

    /** This shape stored as {@code type}. */
    public ModelSpec withWeightType(TensorType type) {
        return with(type, variations, tiedEmbeddings);
    }

    /** This shape with layers that do {@code others}. */
    public ModelSpec withVariations(Variations others) {
        return with(weightType, others, tiedEmbeddings);
    }

    /** This shape with a head of its own. */
    public ModelSpec withHead() {
        return with(weightType, variations, false);
    }

    private ModelSpec with(TensorType type, Variations others, boolean tied) {
        return new ModelSpec(
                name,
                hiddenSize,
                intermediateSize,
                layerCount,
                headCount,
                kvHeadCount,
                headDim,
                vocabSize,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                ropeScaling,
                tied,
                eosTokenIds,
                type,
                others);
    }

    /** Width of all query heads together. */
    public int queryWidth() {
        return headCount * headDim;
    }

    /** Width of all key heads together, which is that of the value heads too. */
    public int kvWidth() {
        return kvHeadCount * headDim;
    }

    /** What attention scores are multiplied by. */
    public double attentionScale() {
        return variations.multipliers().attention() / Math.sqrt(headDim);
    }

    /** Weights of one transformer layer, its norms and biases included. */
    public long layerParameterCount() {
        long h = hiddenSize;
        long matrices = h * queryWidth() * 2 + h * kvWidth() * 2 + 3 * h * intermediateSize;
        return matrices
                + 2 * h
                + (variations.queryKeyValueBias() ? queryWidth() + 2L * kvWidth() : 0)
                + (variations.attentionOutputBias() ? h : 0)
                + (variations.feedForwardBias() ? 2L * intermediateSize + h : 0)
                + (variations.queryKeyNorm() ? 2L * headDim : 0);
    }

    /** Weights of the embedding, which are also those of an untied head. */
    public long embeddingParameterCount() {
        return (long) vocabSize * hiddenSize;
    }

    /** All weights of the model. */
    public long parameterCount() {
        return layerCount * layerParameterCount() + embeddingParameterCount() * (tiedEmbeddings ? 1 : 2) + hiddenSize;
    }

    /** Bytes of keys and values that one token takes in one layer: whole quantisation blocks for each head. */
    public long kvBytesPerTokenPerLayer(TensorType kvType) {
        return 2L * kvHeadCount * kvType.bytes(headDim);
    }

    private static void requirePositive(String what, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(what + " must be at least 1, not " + value);
        }
    }
}
