package io.caravan.model.cache;

import io.caravan.kernels.Layout;
import io.caravan.kernels.PackedSource;
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
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file of packed tensors: a magic number, length and CRC of the directory, the directory, and behind it the tensors, each at
 * a multiple of a page. The directory has a CRC of each piece of a tensor. Where the system maps files in huge pages (recent
 * Linux on ext4), products read the tensors where they are, and a start takes no longer than the checks do. Elsewhere a mapped
 * file's small pages would cost a sixth of every decode: there pieces are read straight into the place where the tensor is
 * needed, and checked while they are still in the reading processor's cache.
 */
public final class CachedWeights implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(CachedWeights.class);

    /** No tensor at all. */
    public static final CachedWeights NONE = new CachedWeights(Path.of(""), Optional.empty(), Map.of());

    /** Changes with the file's format and with the packed layouts. */
    private static final long MAGIC = 0x4341524157543035L; // CARAWT05

    private static final int PREFIX_BYTES = Long.BYTES + 2 * Integer.BYTES;
    private static final int MAX_DIRECTORY_BYTES = 16 << 20;
    private static final long PAGE_BYTES = 4096;

    /** Small enough for a processor's own cache, and for the threads to end at the same time. */
    private static final long PIECE_BYTES = 512L << 10;

    /**
     * One tensor.
     *
     * @param at where it begins in the file
     */
    private record Entry(TensorType type, Layout layout, long rows, long columns, long at, long bytes, int[] crcs) {}

    private final Path file;
    private final Optional<FileChannel> channel;
    private final Map<String, Entry> tensors;
    private final AtomicBoolean damageTold = new AtomicBoolean();
    private Optional<MemorySegment> mapping = Optional.empty(); // of the whole file

    private CachedWeights(Path file, Optional<FileChannel> channel, Map<String, Entry> tensors) {
        this.file = file;
        this.channel = channel;
        this.tensors = tensors;
    }

    /** The tensor called {@code name}, if it is here in this type and shape; readable until this is closed. */
    public Optional<PackedSource> find(String name, TensorType type, long rows, long columns) {
        return Optional.ofNullable(tensors.get(name))
                .filter(entry -> entry.type() == type && entry.rows() == rows && entry.columns() == columns)
                .flatMap(entry -> channel.map(open -> new KeptTensor(name, entry, open)));
    }

    /**
     * Maps the file, if it is {@code useful} where it then lies; else tensors are read into other memory. It stays mapped for as long as
     * a tensor in it is reachable, also when this is closed.
     */
    public void mapIf(Predicate<MemorySegment> useful) {
        channel.ifPresent(open -> {
            try {
                mapping = Optional.of(open.map(FileChannel.MapMode.READ_ONLY, 0, open.size(), Arena.ofAuto()))
                        .filter(useful);
            } catch (IOException unmappable) {
                LOG.debug("{} is read, since it cannot be mapped", file, unmappable);
            }
        });
    }

    @Override
    public void close() {
        channel.ifPresent(open -> {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("cannot close {}", file, e);
            }
        });
    }

    private final class KeptTensor implements PackedSource {
        private final String name;
        private final Entry entry;
        private final FileChannel source;

        KeptTensor(String name, Entry entry, FileChannel source) {
            this.name = name;
            this.entry = entry;
            this.source = source;
        }

        @Override
        public Layout layout() {
            return entry.layout();
        }

        @Override
        public long byteSize() {
            return entry.bytes();
        }

        @Override
        public long pieceBytes() {
            return PIECE_BYTES;
        }

        @Override
        public Optional<MemorySegment> mapped() {
            return mapping.map(mapped -> mapped.asSlice(entry.at(), entry.bytes()));
        }

        @Override
        public boolean read(long from, MemorySegment target) {
            try {
                ByteBuffer bytes = target.asByteBuffer();
                if (mapping.isEmpty()) {
                    fill(source, entry.at() + from, bytes).flip();
                }
                if (crc(bytes) == entry.crcs()[Math.toIntExact(from / PIECE_BYTES)]) {
                    return true;
                }
                tellDamage("does not have the bytes that were written");
            } catch (IOException unreadable) {
                tellDamage("cannot be read: " + unreadable.getMessage());
            }
            return false;
        }

        private void tellDamage(String why) {
            if (damageTold.compareAndSet(false, true)) {
                LOG.warn("{} of the packed weights in {} {}; what is damaged there is packed anew", name, file, why);
            }
        }
    }

    private static int[] crcs(MemorySegment data) {
        return IntStream.range(0, pieces(data.byteSize()))
                .parallel()
                .map(piece -> {
                    long from = piece * PIECE_BYTES;
                    return crc(data.asSlice(from, Math.min(PIECE_BYTES, data.byteSize() - from))
                            .asByteBuffer());
                })
                .toArray();
    }

    private static int pieces(long bytes) {
        return Math.toIntExact(Math.ceilDiv(bytes, PIECE_BYTES));
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
        try (var out = new HugePageFile(file)) {
            var prefix = ByteBuffer.allocate(PREFIX_BYTES)
                    .putLong(MAGIC)
                    .putInt(directory.length)
                    .putInt(crc(ByteBuffer.wrap(directory)));
            out.write(prefix.flip());
            out.write(ByteBuffer.wrap(directory));
            for (Tensor tensor : packed.values()) {
                out.fillTo(pages(out.position()));
                out.write(tensor.data());
            }
            out.fillTo(pages(out.position()));
            out.write(ByteBuffer.wrap(new byte[] {1})); // so that the file's length covers the last page
            out.force();
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
            out.writeUTF(tensor.layout().name());
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

    /** Opens {@code file}, whose directory is checked; its tensors are when they are read. */
    static CachedWeights open(Path file) throws IOException {
        var channel = FileChannel.open(file);
        try {
            return new CachedWeights(file, Optional.of(channel), directory(channel));
        } catch (IOException | RuntimeException damaged) {
            channel.close();
            throw damaged;
        }
    }

    private static Map<String, Entry> directory(FileChannel channel) throws IOException {
        var prefix = fill(channel, 0, ByteBuffer.allocate(PREFIX_BYTES)).flip();
        if (prefix.getLong() != MAGIC) {
            throw new IOException("it is of another version");
        }
        int length = prefix.getInt();
        int crc = prefix.getInt();
        if (length < 0 || length > Math.min(MAX_DIRECTORY_BYTES, channel.size() - PREFIX_BYTES)) {
            throw new IOException("its directory of " + length + " bytes is damaged");
        }
        byte[] directory =
                fill(channel, PREFIX_BYTES, ByteBuffer.allocate(length)).array();
        if (crc(ByteBuffer.wrap(directory)) != crc) {
            throw new IOException("its directory is damaged");
        }
        return tensors(directory, channel.size());
    }

    /** Reads on until {@code bytes} is full; returns it. */
    private static ByteBuffer fill(FileChannel channel, long at, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, at + bytes.position()) < 0) {
                throw new IOException("it ends after " + (at + bytes.position()) + " bytes");
            }
        }
        return bytes;
    }

    private static Map<String, Entry> tensors(byte[] directory, long fileBytes) throws IOException {
        var tensors = new HashMap<String, Entry>();
        var in = new DataInputStream(new ByteArrayInputStream(directory));
        int count = in.readInt();
        long at = pages(PREFIX_BYTES + directory.length);
        for (int i = 0; i < count; i++) {
            String name = in.readUTF();
            TensorType type = TensorType.valueOf(in.readUTF());
            Layout layout = Layout.valueOf(in.readUTF());
            long rows = in.readLong();
            long columns = in.readLong();
            long bytes = in.readLong();
            if (bytes < 0 || bytes > fileBytes - at) {
                throw new IOException("it ends within " + name);
            }
            var crcs = new int[pieces(bytes)];
            for (int piece = 0; piece < crcs.length; piece++) {
                crcs[piece] = in.readInt();
            }
            tensors.put(name, new Entry(type, layout, rows, columns, at, bytes, crcs));
            at += pages(bytes);
        }
        return tensors;
    }
}
