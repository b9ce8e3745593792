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
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of packed tensors: a magic number, length and CRC of the directory, the directory, and behind it the tensors, each at
 * a multiple of a page. The directory has a CRC of each piece of a tensor, which is checked by all processors when the
 * tensor is asked for.
 */
public final class CachedWeights {

    private static final Logger LOG = LoggerFactory.getLogger(CachedWeights.class);

    /** One packed tensor. */
    public record Packed(TensorType type, long rows, long columns, MemorySegment data) {}

    private record Entry(Packed packed, int[] crcs) {
        boolean intact() {
            return Arrays.equals(crcs, CachedWeights.crcs(packed.data()));
        }
    }

    /** No tensor at all. */
    public static final CachedWeights NONE = new CachedWeights(Path.of(""), Map.of());

    /** Changes with the file's format and with the packed layouts. */
    private static final long MAGIC = 0x4341524157543032L; // CARAWT02

    private static final int PREFIX_BYTES = Long.BYTES + 2 * Integer.BYTES;
    private static final int MAX_DIRECTORY_BYTES = 16 << 20;
    private static final long PAGE_BYTES = 4096;
    private static final long WRITTEN_BYTES = 64L << 20;
    private static final long PIECE_BYTES = 4L << 20;

    private final Path file;
    private final Map<String, Entry> tensors;
    private boolean damageTold;

    private CachedWeights(Path file, Map<String, Entry> tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    /** The tensor called {@code name}, if it is here in this type and shape and has the bytes that were written. */
    public Optional<Packed> find(String name, TensorType type, long rows, long columns) {
        Entry entry = tensors.get(name);
        if (entry == null
                || entry.packed().type() != type
                || entry.packed().rows() != rows
                || entry.packed().columns() != columns) {
            return Optional.empty();
        }
        if (entry.intact()) {
            return Optional.of(entry.packed());
        }
        if (!damageTold) {
            damageTold = true;
            LOG.warn("{} of the packed weights in {} is damaged: what is damaged there is packed anew", name, file);
        }
        return Optional.empty();
    }

    private static int[] crcs(MemorySegment data) {
        return IntStream.range(0, Math.toIntExact(Math.ceilDiv(data.byteSize(), PIECE_BYTES)))
                .parallel()
                .map(piece -> {
                    long from = piece * PIECE_BYTES;
                    return crc(data.asSlice(from, Math.min(PIECE_BYTES, data.byteSize() - from))
                            .asByteBuffer());
                })
                .toArray();
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
                    .putInt(crc(ByteBuffer.wrap(directory)));
            write(channel, 0, prefix.flip());
            write(channel, PREFIX_BYTES, ByteBuffer.wrap(directory));
            long at = pages(PREFIX_BYTES + directory.length);
            for (Tensor tensor : packed.values()) {
                long bytes = tensor.data().byteSize();
                for (long from = 0; from < bytes; from += WRITTEN_BYTES) {
                    long count = Math.min(WRITTEN_BYTES, bytes - from);
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
            for (int crc : crcs(tensor.data())) {
                out.writeInt(crc);
            }
        }
        return bytes.toByteArray();
    }

    private static int crc(ByteBuffer bytes) {
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
            if (crc(ByteBuffer.wrap(directory)) != crc) {
                throw new IOException("its directory is damaged");
            }
            MemorySegment data = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new CachedWeights(file, tensors(directory, data));
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

    private static Map<String, Entry> tensors(byte[] directory, MemorySegment data) throws IOException {
        var tensors = new HashMap<String, Entry>();
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
            var crcs = new int[Math.toIntExact(Math.ceilDiv(bytes, PIECE_BYTES))];
            for (int piece = 0; piece < crcs.length; piece++) {
                crcs[piece] = in.readInt();
            }
            tensors.put(name, new Entry(new Packed(type, rows, columns, data.asSlice(at, bytes)), crcs));
            at += pages(bytes);
        }
        return tensors;
    }
}
