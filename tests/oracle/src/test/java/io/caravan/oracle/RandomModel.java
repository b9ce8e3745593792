package io.caravan.oracle;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.WeightView;
import io.caravan.kernels.quant.StoredFloats;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A model in memory whose matrices are all of one type, whatever it is: four layers with rows of 256, a whole quantisation
 * block of any format. Equal types have equal weights.
 */
final class RandomModel implements Checkpoint {
    static final ModelSpec SPEC = new ModelSpec(
            "random",
            256,
            256,
            4,
            4,
            2,
            64,
            96,
            600,
            1e-5f,
            10_000,
            new RopeScaling.None(),
            false,
            TokenIds.EMPTY,
            TensorType.F32);

    private static final int DRAWN_BLOCKS = 256;
    private static final float LEAST_LARGEST = 0.02f;
    private static final float MOST_LARGEST = 0.3f;

    private final TensorType type;
    private final byte[][] blocks = new byte[DRAWN_BLOCKS][];
    private final Arena arena = Arena.ofShared();

    RandomModel(TensorType type) {
        this.type = type;
        var random = new SplittableRandom(type.ordinal());
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = type.quantised() ? quantised(random) : plain(random);
        }
    }

    private byte[] plain(SplittableRandom random) {
        var bytes = new byte[type.blockBytes()];
        StoredFloats.write(type, new float[] {(float) random.nextDouble(-0.1, 0.1)}, MemorySegment.ofArray(bytes), 0);
        return bytes;
    }

    /** Any bytes are a block of any format; those are drawn that hold numbers of the size of weights. */
    private byte[] quantised(SplittableRandom random) {
        var elements = new float[type.blockElements()];
        var bytes = new byte[type.blockBytes()];
        float largest;
        do {
            random.nextBytes(bytes);
            StoredFloats.read(type, MemorySegment.ofArray(bytes), 0, elements);
            largest = 0;
            for (float element : elements) {
                largest = Math.max(largest, Math.abs(element)); // NaN stays
            }
        } while (!(largest > LEAST_LARGEST && largest < MOST_LARGEST));
        return bytes;
    }

    @Override
    public ModelSpec spec() {
        return SPEC;
    }

    @Override
    public String fingerprint() {
        return "random " + type;
    }

    @Override
    public boolean has(String name) {
        return true;
    }

    @Override
    public WeightView tensor(String name, long... shape) {
        var stored = Arrays.stream(shape).boxed().toList();
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        var random = new SplittableRandom(name.hashCode());
        if (shape.length == 1) {
            MemorySegment ones = arena.allocate(TensorType.F32.bytes(count), 64);
            for (long i = 0; i < count; i++) {
                ones.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(0.5, 1.5));
            }
            return new WeightView(name, TensorType.F32, stored, ones);
        }
        MemorySegment data = arena.allocate(type.bytes(count), 64);
        for (long at = 0; at < data.byteSize(); at += type.blockBytes()) {
            MemorySegment.copy(
                    blocks[random.nextInt(DRAWN_BLOCKS)], 0, data, ValueLayout.JAVA_BYTE, at, type.blockBytes());
        }
        return new WeightView(name, type, stored, data);
    }

    @Override
    public void close() {
        arena.close();
    }
}
