package io.caravan.model.cache;

import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.zip.CRC32C;

/**
 * A file of packed tensors: a magic number, length and CRC of the directory, the directory, and behind it the tensors, each at
 * a multiple of a page.
 */
public final class CachedWeights {

    /** One packed tensor. */
    public record Packed(TensorType type, long rows, long columns, MemorySegment data) {}

    /** No tensor at all. */
    public static final CachedWeights NONE = new CachedWeights(Map.of());

    /** Changes with the file's format and with the packed layouts. */
    private static final long MAGIC = 0x4341524157543031L; // CARAWT01

    private static final int PREFIX_BYTES = Long.BYTES + 2 * Integer.BYTES;
    private static final int MAX_DIRECTORY_BYTES = 16 << 20;
    private static final long PAGE_BYTES = 4096;
    private static final long PIECE_BYTES = 64L << 20;

    private final Map<String, Packed> tensors;

    private CachedWeights(Map<String, Packed> tensors) {
        this.tensors = tensors;
    }

    /** The tensor called {@code name}, if it is here in this type and shape. */
    public Optional<Packed> find(String name, TensorType type, long rows, long columns) {
        return Optional.ofNullable(tensors.get(name))
                .filter(packed -> packed.type() == type && packed.rows() == rows && packed.columns() == columns);
    }

    /** Bytes of a file with these tensors, but for its directory. */
    static long fileBytes(SequencedMap<String, Tensor> packed) {
        return packed.values().stream()
                .mapToLong(tensor -> pages(tensor.data().byteSize()))
                .sum();
    }

    private static long pages(long bytes) {
        return Math.ceilDiv(bytes, PAGE_BYTES) * PAGE_BYTES;
    }

    static void write(Path file, SequencedMap<String, Tensor> packed) throws IOException {
        byte[] directory = directory(packed);
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            var prefix = ByteBuffer.allocate(PREFIX_BYTES)
                    .putLong(MAGIC)
                    .putInt(directory.length)
                    .putInt(crc(directory));
            write(channel, 0, prefix.flip());
            write(channel, PREFIX_BYTES, ByteBuffer.wrap(directory));
            long at = pages(PREFIX_BYTES + directory.length);
            for (Tensor tensor : packed.values()) {
                long bytes = tensor.data().byteSize();
                for (long from = 0; from < bytes; from += PIECE_BYTES) {
                    long count = Math.min(PIECE_BYTES, bytes - from);
                    write(channel, at + from, tensor.data().asSlice(from, count).asByteBuffer());
                }
                at += pages(bytes);
            }
            write(channel, at, ByteBuffer.wrap(new byte[] {1})); // so that the file's length covers the last page
            channel.force(true);
        }
    }

    private static void write(FileChannel channel, long at, ByteBuffer bytes) throws IOException {
        long to = at;
        while (bytes.hasRemaining()) {
            to += channel.write(bytes, to);
        }
    }

    private static byte[] directory(SequencedMap<String, Tensor> packed) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var out = new DataOutputStream(bytes);
        out.writeInt(packed.size());
        for (var entry : packed.sequencedEntrySet()) {
            Tensor tensor = entry.getValue();
            out.writeUTF(entry.getKey());
            out.writeUTF(tensor.type().name());
            out.writeLong(tensor.rows());
            out.writeLong(tensor.columns());
            out.writeLong(tensor.data().byteSize());
        }
        return bytes.toByteArray();
    }

    private static int crc(byte[] bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    static CachedWeights map(Path file, Arena arena) throws IOException {
        try (var channel = FileChannel.open(file)) {
            var prefix = read(channel, 0, PREFIX_BYTES);
            if (prefix.getLong() != MAGIC) {
                throw new IOException("it is of another version");
            }
            int length = prefix.getInt();
            int crc = prefix.getInt();
            if (length < 0 || length > Math.min(MAX_DIRECTORY_BYTES, channel.size() - PREFIX_BYTES)) {
                throw new IOException("its directory of " + length + " bytes is damaged");
            }
            byte[] directory = read(channel, PREFIX_BYTES, length).array();
            if (crc(directory) != crc) {
                throw new IOException("its directory is damaged");
            }
            MemorySegment data = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new CachedWeights(tensors(directory, data));
        }
    }

    private static ByteBuffer read(FileChannel channel, long at, int count) throws IOException {
        var bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw new IOException("it ends after " + (at + bytes.position()) + " bytes");
            }
        }
        return bytes.flip();
    }

    private static Map<String, Packed> tensors(byte[] directory, MemorySegment data) throws IOException {
        var tensors = new HashMap<String, Packed>();
        var in = new DataInputStream(new ByteArrayInputStream(directory));
        int count = in.readInt();
        long at = pages(PREFIX_BYTES + directory.length);
        for (int i = 0; i < count; i++) {
            String name = in.readUTF();
            TensorType type = TensorType.valueOf(in.readUTF());
            long rows = in.readLong();
            long columns = in.readLong();
            long bytes = in.readLong();
            if (bytes < 0 || bytes > data.byteSize() - at) {
                throw new IOException("it ends within " + name);
            }
            tensors.put(name, new Packed(type, rows, columns, data.asSlice(at, bytes)));
            at += pages(bytes);
        }
        return tensors;
    }
}
