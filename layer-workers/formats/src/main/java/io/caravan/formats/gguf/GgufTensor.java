package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.StoredTensor;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * A tensor of a GGUF file under Hugging Face's name.
 *
 * @param headRows rows of a head whose rotary pairs are interleaved in the file; 0 where the rows are in order
 */
record GgufTensor(String name, GgufFile file, GgufHeader.Entry entry, int headRows) implements StoredTensor {
    private static final long ALIGNMENT_BYTES = 64;

    @Override
    public List<Long> shape() {
        return entry.shape();
    }

    @Override
    public TensorType type() {
        return GgmlTypes.type(entry.ggmlType())
                .orElseThrow(() -> new ModelFormatException(file.path() + ": tensor " + entry.name() + " is stored as "
                        + GgmlTypes.name(entry.ggmlType()) + ", which is not supported; "
                        + List.of(TensorType.values()) + " are"));
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public MemorySegment data(Arena arena) {
        type();
        MemorySegment stored = file.data().asSlice(entry.offset(), entry.bytes());
        return headRows == 0 ? stored : inHalves(stored, arena);
    }

    /** Row 2i + h of a head, h being 0 or 1, becomes row i of its half h. Whole rows move, whatever their type. */
    private MemorySegment inHalves(MemorySegment stored, Arena arena) {
        long rows = entry.shape().getFirst();
        long rowBytes = rows == 0 ? 0 : stored.byteSize() / rows;
        MemorySegment ordered = arena.allocate(stored.byteSize(), ALIGNMENT_BYTES);
        int half = headRows / 2;
        for (long row = 0; row < rows; row++) {
            long inHead = row % headRows;
            long target = row - inHead + inHead / 2 + (inHead % 2) * half;
            MemorySegment.copy(stored, row * rowBytes, ordered, target * rowBytes, rowBytes);
        }
        return ordered;
    }
}
