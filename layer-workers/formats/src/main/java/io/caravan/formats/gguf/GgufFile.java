package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.StoredFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A mapped GGUF file.
 *
 * @param data what follows the header, read-only
 */
record GgufFile(Path path, long sizeBytes, GgufHeader header, MemorySegment data) {

    /** Maps {@code path} for as long as {@code arena} lives, and reads and checks its header. */
    static GgufFile map(Path path, Arena arena) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            MemorySegment whole = channel.map(MapMode.READ_ONLY, 0, size, arena).asReadOnly();
            GgufHeader header = GgufHeader.parse(path.toString(), whole);
            return new GgufFile(path, size, header, whole.asSlice(header.dataStart()));
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(path + " is missing", e);
        } catch (IOException e) {
            throw new ModelFormatException("cannot read " + path + ": " + e, e);
        }
    }

    StoredFile facts() {
        return new StoredFile(
                path,
                sizeBytes,
                header.entries().stream()
                        .map(entry -> entry.name() + " " + GgmlTypes.name(entry.ggmlType()) + " " + entry.shape() + " "
                                + entry.offset())
                        .toList(),
                data);
    }
}
