package io.caravan.formats.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes what {@code torch.save} writes of a state dict, as far as a reader can see. */
public final class TorchBytes {
    private static final int ALIGNMENT = 64;
    private static final int LOCAL_HEADER_BYTES = 30;

    private final ByteArrayOutputStream pickle = new ByteArrayOutputStream();

    private TorchBytes() {}

    /**
     * A tensor to write.
     *
     * @param storageClass for example {@code FloatStorage}
     */
    public record Part(String storageClass, long[] shape, byte[] data) {
        long elementCount() {
            long count = 1;
            for (long extent : shape) {
                count *= extent;
            }
            return count;
        }
    }

    /** The file of {@code parts}, their names in the order of the map. */
    public static byte[] file(Map<String, Part> parts) {
        byte[][] storages = parts.values().stream().map(Part::data).toArray(byte[][]::new);
        return archive(new TorchBytes().pickled(parts), storages);
    }

    /** An archive with any pickle and the storages 0, 1, … */
    static byte[] archive(byte[] pickle, byte[]... storages) {
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            store(zip, bytes, "consolidated/data.pkl", pickle);
            store(zip, bytes, "consolidated/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < storages.length; i++) {
                store(zip, bytes, "consolidated/data/" + i, storages[i]);
            }
            store(zip, bytes, "consolidated/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream zip, ByteArrayOutputStream written, String name, byte[] data)
            throws IOException {
        var entry = new ZipEntry(name);
        var crc = new CRC32();
        crc.update(data);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(data.length);
        entry.setCrc(crc.getValue());
        zip.flush();
        int start = written.size() + LOCAL_HEADER_BYTES + name.length() + 4;
        int padding = Math.floorMod(-start, ALIGNMENT);
        entry.setExtra(ByteBuffer.allocate(4 + padding)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) 0x4246)
                .putShort((short) padding)
                .array());
        zip.putNextEntry(entry);
        zip.write(data);
        zip.closeEntry();
    }

    private byte[] pickled(Map<String, Part> parts) {
        op(0x80, 2);
        global("collections", "OrderedDict");
        op(')', 'R', 'q', 0, '(');
        int key = 0;
        for (Map.Entry<String, Part> part : parts.entrySet()) {
            text(part.getKey());
            tensor(part.getValue(), key++);
        }
        op('u', '}');
        text("_metadata");
        op('N', 's', 'b', '.');
        return pickle.toByteArray();
    }

    private void tensor(Part part, int key) {
        global("torch._utils", "_rebuild_tensor_v2");
        op('(', '(');
        text("storage");
        global("torch", part.storageClass());
        text(Integer.toString(key));
        text("cuda:0");
        integer(part.elementCount());
        op('t', 'Q', 'K', 0);
        sizes(part.shape());
        long[] strides = part.shape().clone();
        long stride = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= part.shape()[i];
        }
        sizes(strides);
        op(0x89);
        global("collections", "OrderedDict");
        op(')', 'R', 't', 'R');
    }

    private void sizes(long[] sizes) {
        op('(');
        for (long size : sizes) {
            integer(size);
        }
        op('t');
    }

    /** As Python does: one byte, two, four or as many as it takes. */
    private void integer(long value) {
        if (value < 1 << 8) {
            op('K', (int) value);
        } else if (value < 1 << 16) {
            op('M', (int) value & 0xff, (int) value >> 8);
        } else {
            op(0x8a, 5);
            for (int i = 0; i < 5; i++) {
                op((int) (value >> 8 * i) & 0xff);
            }
        }
    }

    private void text(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        op('X', encoded.length, 0, 0, 0);
        pickle.writeBytes(encoded);
    }

    private void global(String module, String name) {
        op('c');
        pickle.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private void op(int... codes) {
        for (int code : codes) {
            pickle.write(code);
        }
    }
}
