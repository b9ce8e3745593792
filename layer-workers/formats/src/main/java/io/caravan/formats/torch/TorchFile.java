package io.caravan.formats.torch;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.torch.PickleValue.Dict;
import io.caravan.formats.torch.PickleValue.View;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * A mapped file that {@code torch.save} wrote of a state dict.
 *
 * @param sizeBytes of the file
 * @param tensors by their names in the state dict; values that are no tensors are left out
 */
public record TorchFile(Path path, long sizeBytes, Map<String, TorchTensor> tensors) {
    /** Largest pickle that is read; those of the largest published models take a hundredth of it. */
    static final long MAX_PICKLE_BYTES = 32L << 20;

    private static final String PICKLE = "data.pkl";

    /**
     * Maps {@code path} for as long as {@code arena} lives and reads what tensors it holds.
     *
     * @throws ModelFormatException when it is no such file, is damaged, or asks for anything but tensors
     */
    public static TorchFile map(Path path, Arena arena) {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
            return read(path, bytes);
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(path + " is missing", e);
        } catch (IOException e) {
            throw new ModelFormatException("cannot read " + path + ": " + e, e);
        }
    }

    private static TorchFile read(Path path, MemorySegment bytes) {
        Map<String, MemorySegment> entries = ZipArchive.entries(path.toString(), bytes);
        String pickle = entries.keySet().stream()
                .filter(name -> name.endsWith("/" + PICKLE) && name.indexOf('/') == name.lastIndexOf('/'))
                .findFirst()
                .orElseThrow(() -> new ModelFormatException(
                        path + " is an archive without a " + PICKLE + ", so torch.save did not write it"));
        String folder = pickle.substring(0, pickle.length() - PICKLE.length());
        requireLittleEndian(path, entries.get(folder + "byteorder"));
        MemorySegment program = entries.get(pickle);
        if (program.byteSize() > MAX_PICKLE_BYTES) {
            throw new ModelFormatException(path + ": " + pickle + " has " + program.byteSize() + " bytes; at most "
                    + MAX_PICKLE_BYTES + " are expected");
        }
        PickleValue root = Unpickler.read(path + ": " + pickle, program.toArray(ValueLayout.JAVA_BYTE));
        if (!(root instanceof Dict(var values))) {
            throw new ModelFormatException(path + " holds " + root.kind() + ", not a dictionary of tensors");
        }
        var tensors = new TreeMap<String, TorchTensor>();
        values.forEach((name, value) -> {
            if (value instanceof View view) {
                tensors.put(
                        name,
                        tensor(
                                path,
                                name,
                                view,
                                entries.get(folder + "data/" + view.storage().key())));
            }
        });
        return new TorchFile(path, bytes.byteSize(), tensors);
    }

    private static void requireLittleEndian(Path path, MemorySegment order) {
        if (order != null
                && !new String(
                                order.asSlice(0, Math.min(16, order.byteSize())).toArray(ValueLayout.JAVA_BYTE),
                                StandardCharsets.US_ASCII)
                        .equals("little")) {
            throw new ModelFormatException(
                    path + " was written on a big-endian machine; little-endian files are supported");
        }
    }

    private static TorchTensor tensor(Path path, String name, View view, MemorySegment storage) {
        String where = path + ": tensor " + name;
        if (storage == null) {
            throw new ModelFormatException(where + " lies in a storage that the archive lacks");
        }
        int elementBytes = view.storage().type().bytes();
        try {
            long elements = 1;
            for (int i = view.shape().size() - 1; i >= 0; i--) {
                boolean plain = view.strides().size() == view.shape().size()
                        && (view.shape().get(i) == 1 || view.strides().get(i) == elements);
                if (!plain) {
                    throw new ModelFormatException(
                            where + " of shape " + view.shape() + " is not stored row by row (its strides are "
                                    + view.strides() + "), which is not supported");
                }
                elements = Math.multiplyExact(elements, view.shape().get(i));
            }
            long begin = Math.multiplyExact(view.offset(), elementBytes);
            long size = Math.multiplyExact(elements, elementBytes);
            if (begin < 0 || begin > storage.byteSize() - size) {
                throw new ModelFormatException(where + " of shape " + view.shape() + " takes " + size
                        + " bytes from byte " + begin + " of its storage on, which has " + storage.byteSize());
            }
            return new TorchTensor(
                    name, view.storage().type().name(), elementBytes, view.shape(), storage.asSlice(begin, size));
        } catch (ArithmeticException e) {
            throw new ModelFormatException(where + " has the impossible shape " + view.shape(), e);
        }
    }
}
