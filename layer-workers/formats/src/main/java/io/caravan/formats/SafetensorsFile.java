package io.caravan.formats;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A mapped safetensors file: eight bytes of header length, a JSON header, tensor data.
 *
 * @param data the bytes after the header, read-only
 */
record SafetensorsFile(Path path, long sizeBytes, SafetensorsHeader header, MemorySegment data) {

    /** Reads and checks the header of {@code path} and maps the file for as long as {@code arena} lives. */
    static SafetensorsFile map(Path path, Arena arena) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long size = channel.size();
            long headerBytes = headerBytes(path, channel, size);
            var json = new byte[Math.toIntExact(headerBytes)];
            readFully(channel, ByteBuffer.wrap(json), SafetensorsHeader.PREFIX_BYTES);
            long dataStart = SafetensorsHeader.PREFIX_BYTES + headerBytes;
            SafetensorsHeader header = SafetensorsHeader.parse(path.toString(), json, size - dataStart);
            MemorySegment data = channel.map(MapMode.READ_ONLY, 0, size, arena).asSlice(dataStart);
            return new SafetensorsFile(path, size, header, data.asReadOnly());
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(path + " is missing", e);
        } catch (IOException e) {
            throw new ModelFormatException("cannot read " + path + ": " + e, e);
        }
    }

    private static long headerBytes(Path path, FileChannel channel, long size) throws IOException {
        if (size < SafetensorsHeader.PREFIX_BYTES) {
            throw new ModelFormatException(path + " has " + size + " bytes; a safetensors file begins with "
                    + SafetensorsHeader.PREFIX_BYTES + " bytes of header length");
        }
        var prefix = ByteBuffer.allocate(SafetensorsHeader.PREFIX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, prefix, 0);
        long headerBytes = prefix.getLong(0);
        if (headerBytes < 0 || headerBytes > SafetensorsHeader.MAX_HEADER_BYTES) {
            throw new ModelFormatException(path + " claims a header of " + Long.toUnsignedString(headerBytes)
                    + " bytes; at most " + SafetensorsHeader.MAX_HEADER_BYTES + " are accepted: is it safetensors?"
                    + (looksLikeGitLfs(prefix) ? " It is a Git LFS pointer: run git lfs pull" : ""));
        }
        if (headerBytes > size - SafetensorsHeader.PREFIX_BYTES) {
            throw new ModelFormatException(path + " claims a header of " + headerBytes + " bytes, but has only " + size
                    + " bytes; it was cut short or is still being downloaded: fetch it again");
        }
        return headerBytes;
    }

    private static boolean looksLikeGitLfs(ByteBuffer prefix) {
        return new String(prefix.array(), StandardCharsets.US_ASCII).equals("version ");
    }

    private static void readFully(FileChannel channel, ByteBuffer target, long position) throws IOException {
        while (target.hasRemaining()) {
            int count = channel.read(target, position + target.position());
            if (count < 0) {
                throw new EOFException("the file shrank while it was read");
            }
        }
    }

    StoredFile facts() {
        return new StoredFile(
                path,
                sizeBytes,
                header.entries().stream().map(SafetensorsHeader.Entry::toString).toList(),
                data);
    }
}
