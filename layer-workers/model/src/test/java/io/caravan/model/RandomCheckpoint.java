package io.caravan.model;

import io.caravan.formats.Checkpoint;
import io.caravan.formats.ModelFormatException;
import io.caravan.formats.WeightView;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/** A checkpoint of random F32 weights in memory; equal names have equal weights. */
final class RandomCheckpoint implements Checkpoint {
    private final ModelSpec spec;
    private final String missing;
    private final Arena arena = Arena.ofShared();

    RandomCheckpoint(ModelSpec spec) {
        this(spec, "none");
    }

    /** A checkpoint that lacks the tensor called {@code missing}. */
    RandomCheckpoint(ModelSpec spec, String missing) {
        this.spec = spec;
        this.missing = missing;
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public String fingerprint() {
        return "random";
    }

    @Override
    public boolean has(String name) {
        return !name.equals(missing);
    }

    @Override
    public WeightView tensor(String name, long... shape) {
        if (!has(name)) {
            throw new ModelFormatException("there is no tensor " + name);
        }
        long count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        MemorySegment data = arena.allocate(TensorType.F32.bytes(count), 64);
        var random = new Random(name.hashCode());
        for (long i = 0; i < count; i++) {
            data.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
        }
        return new WeightView(name, TensorType.F32, Arrays.stream(shape).boxed().toList(), data);
    }

    @Override
    public void close() {
        arena.close();
    }
}
