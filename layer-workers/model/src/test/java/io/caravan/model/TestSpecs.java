package io.caravan.model;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;

/** Shapes of small models. */
public final class TestSpecs {
    private TestSpecs() {}

    /** Six layers of 32, six query heads of eight over two KV heads, a feed-forward of 64, 64 positions. */
    public static ModelSpec small(int vocabSize, boolean tied) {
        return new ModelSpec(
                "small",
                32,
                64,
                6,
                6,
                2,
                8,
                vocabSize,
                64,
                1e-5f,
                10_000,
                new RopeScaling.None(),
                tied,
                TokenIds.of(2),
                TensorType.F32);
    }
}
