package io.caravan.formats;

import io.caravan.formats.torch.TorchTensor;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor of Meta's layout as Hugging Face's has it: the parts of all shards put together, and in query and key the rows of
 * each head moved from rotary pairs (2i, 2i + 1) to (i, i + headDim / 2). A tensor that one file holds as it is wanted
 * stays where it is mapped; any other is copied when it is asked for.
 *
 * @param parts one of each shard, or the first alone where all hold the same
 * @param join along what the parts follow each other
 * @param pairRows rows of a head whose rotary pairs are to be moved; 0 for none
 */
record MetaTensor(String name, Path path, List<TorchTensor> parts, Join join, int pairRows) implements StoredTensor {

    /** How the parts of a tensor follow each other. */
    enum Join {
        ROWS,
        COLUMNS
    }

    /** Checks that the parts fit together. */
    static MetaTensor of(String name, Path path, List<TorchTensor> parts, Join join, int pairRows) {
        TorchTensor first = parts.getFirst();
        int growing = join == Join.ROWS ? 0 : 1;
        for (TorchTensor part : parts) {
            List<Long> shape = part.shape();
            boolean fits = part.dtype().equals(first.dtype())
                    && shape.size() == first.shape().size()
                    && (parts.size() == 1
                            || shape.size() == 2
                                    && shape.get(1 - growing)
                                            .equals(first.shape().get(1 - growing)));
            if (!fits) {
                throw new ModelFormatException(path + " and the shards after it hold parts of " + first.name()
                        + " that do not fit together: " + first.dtype() + " " + first.shape() + " and " + part.dtype()
                        + " " + shape);
            }
        }
        var tensor = new MetaTensor(name, path, List.copyOf(parts), join, pairRows);
        if (pairRows > 0 && (first.shape().size() != 2 || tensor.shape().get(0) % pairRows != 0)) {
            throw new ModelFormatException(path + ": tensor " + first.name() + " of shape " + tensor.shape()
                    + " does not consist of heads of " + pairRows + " rows");
        }
        return tensor;
    }

    @Override
    public List<Long> shape() {
        var shape = new ArrayList<>(parts.getFirst().shape());
        if (parts.size() > 1) {
            int growing = join == Join.ROWS ? 0 : 1;
            shape.set(
                    growing,
                    parts.stream().mapToLong(part -> part.shape().get(growing)).sum());
        }
        return List.copyOf(shape);
    }

    @Override
    public TensorType type() {
        return switch (parts.getFirst().dtype()) {
            case "F32" -> TensorType.F32;
            case "F16" -> TensorType.F16;
            case "BF16" -> TensorType.BF16;
            case String other ->
                throw new ModelFormatException(path + ": tensor "
                        + parts.getFirst().name() + " is stored as " + other + "; F32, F16 and BF16 are supported");
        };
    }

    @Override
    public MemorySegment data(Arena arena) {
        TorchTensor first = parts.getFirst();
        if (parts.size() == 1 && pairRows == 0) {
            return first.data();
        }
        List<Long> shape = shape();
        long rowBytes = shape.get(1) * first.elementBytes();
        MemorySegment joined = arena.allocate(shape.get(0) * rowBytes, Long.BYTES);
        long at = 0;
        for (TorchTensor part : parts) {
            long partRowBytes = part.shape().get(1) * part.elementBytes();
            for (long row = 0; row < part.shape().get(0); row++) {
                long target = join == Join.ROWS ? moved(at + row) * rowBytes : row * rowBytes + at;
                MemorySegment.copy(part.data(), row * partRowBytes, joined, target, partRowBytes);
            }
            at += join == Join.ROWS ? part.shape().get(0) : partRowBytes;
        }
        return joined;
    }

    /** Where a row goes: within its head, the firsts of all pairs come before the seconds. */
    private long moved(long row) {
        if (pairRows == 0) {
            return row;
        }
        long inHead = row % pairRows;
        return row - inHead + inHead % 2 * (pairRows / 2) + inHead / 2;
    }
}
