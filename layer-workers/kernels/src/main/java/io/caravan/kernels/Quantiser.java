package io.caravan.kernels;

import io.caravan.kernels.nativelib.NativeQuantiser;
import io.caravan.kernels.quant.StoredFloats;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.MemorySegment;

/** Stores floats in every format: as {@link StoredFloats} does, with the same bits, and sooner where there is a library for it. */
public final class Quantiser {
    private Quantiser() {}

    /**
     * Stores all of {@code source}, whole blocks, at the byte {@code offset}.
     *
     * @param data off-heap
     */
    public static void write(TensorType type, float[] source, MemorySegment data, long offset) {
        if (!NativeQuantiser.writes(type)) {
            StoredFloats.write(type, source, data, offset);
            return;
        }
        for (var done = 0; done < source.length; ) {
            done += NativeQuantiser.write(type, source, done, data, offset + type.bytes(done));
            if (done < source.length) {
                done += StoredFloats.writeBlock(type, source, done, data, offset + type.bytes(done));
            }
        }
    }
}
