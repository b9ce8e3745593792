package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * Random weights as fast as a disk takes them. Drawing each of billions of numbers would cost minutes, so one block of
 * them is drawn and scaled for each standard deviation, and every tensor is written from it, beginning at an offset of its
 * own. The block's length is prime, so that no two rows of a tensor are aligned to it alike and none repeats another.
 *
 * <p>A matrix has the deviation 1 / sqrt(inputs), and those that add to the residual stream are smaller by sqrt(2 layers):
 * then hidden states and logits stay of the order of one however deep the model is.
 */
final class RandomWeights {
    /** Elements of the repeated block: a prime. */
    static final int BLOCK_ELEMENTS = 1_048_573;

    private final ModelSpec spec;
    private final float[] block = new float[BLOCK_ELEMENTS]; // uniform, mean 0, deviation 1
    private final Random offsets;
    private final Map<Double, ByteBuffer> encoded = new HashMap<>();

    RandomWeights(ModelSpec spec, long seed) {
        this.spec = spec;
        var random = new Random(seed);
        float width = (float) Math.sqrt(12);
        for (int i = 0; i < BLOCK_ELEMENTS; i++) {
            block[i] = (random.nextFloat() - 0.5f) * width;
        }
        this.offsets = new Random(seed + 1);
    }

    /** Writes all of {@code slot}; tensors depend on the order of these calls. */
    void write(TensorSlot slot, WritableByteChannel channel, WrittenBytes written) throws IOException {
        ByteBuffer source = slot.shape().size() == 1 ? ones() : matrix(slot);
        int position = offsets.nextInt(BLOCK_ELEMENTS) * (int) spec.weightType().bytes(1);
        long remaining = spec.weightType().bytes(slot.elementCount());
        while (remaining > 0) {
            int count = (int) Math.min(remaining, source.capacity() - position);
            ByteBuffer slice = source.slice(position, count);
            while (slice.hasRemaining()) {
                channel.write(slice);
            }
            written.add(count);
            remaining -= count;
            position = 0;
        }
    }

    private ByteBuffer matrix(TensorSlot slot) {
        var tensors = new LlamaTensors(spec);
        double inputs = slot.shape().get(1);
        double deviation = 1 / Math.sqrt(inputs);
        if (slot.equals(tensors.embedding()) && !spec.tiedEmbeddings()) {
            deviation = 1;
        } else if (tensors.addsToResidual(slot.name())) {
            deviation /= Math.sqrt(2.0 * spec.layerCount());
        }
        return encoded.computeIfAbsent(deviation, scale -> encode(scale.floatValue(), 0));
    }

    /** The weights of every norm. */
    private ByteBuffer ones() {
        return encoded.computeIfAbsent(0.0, scale -> encode(0, 1));
    }

    private ByteBuffer encode(float scale, float shift) {
        TensorType type = spec.weightType();
        var bytes = ByteBuffer.allocateDirect((int) type.bytes(BLOCK_ELEMENTS)).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : block) {
            float weight = value * scale + shift;
            switch (type) {
                case F32 -> bytes.putFloat(weight);
                case F16 -> bytes.putShort(Float.floatToFloat16(weight));
                case BF16 -> bytes.putShort(toBf16(weight));
                default -> throw new IllegalArgumentException("random weights are F32, F16 or BF16, not " + type);
            }
        }
        return bytes.flip();
    }

    /** Rounds to the nearest, ties to even. */
    private static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    /** Told how many bytes were written since the last call. */
    @FunctionalInterface
    interface WrittenBytes {
        void add(long count);
    }
}
