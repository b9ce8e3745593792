package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What stands before the tensors' data in a GGUF file.
 *
 * @param dataStart where the data begins, counted from the file's first byte
 */
record GgufHeader(GgufFields fields, List<Entry> entries, long dataStart) {
    static final int MAGIC = 0x46554747; // "GGUF", little-endian
    static final int DEFAULT_ALIGNMENT = 32;
    static final String ALIGNMENT = "general.alignment";

    private static final int MAX_DIMENSIONS = 4;

    /** Bytes of the shortest key with its value, and of the shortest description of a tensor. */
    private static final int LEAST_VALUE_BYTES = Long.BYTES + Integer.BYTES + 1;

    private static final int LEAST_ENTRY_BYTES = Long.BYTES + 2 * Integer.BYTES + Long.BYTES;

    /**
     * One tensor.
     *
     * @param ggmlType the format's number of the type, supported or not
     * @param shape outermost first, opposite to the file
     * @param offset from the begin of the data
     */
    record Entry(String name, int ggmlType, List<Long> shape, long offset) {

        /** Bytes of the tensor; 0 where the type is not supported and the size unknown. */
        long bytes() {
            return GgmlTypes.type(ggmlType)
                    .map(type -> type.bytes(elementCount()))
                    .orElse(0L);
        }

        private long elementCount() {
            return shape.stream().reduce(1L, Math::multiplyExact);
        }
    }

    /**
     * Reads {@code data}, a whole file.
     *
     * @param file named in messages
     */
    static GgufHeader parse(String file, MemorySegment data) {
        var bytes = new GgufBytes(file, data);
        checkVersion(bytes);
        long tensorCount = bytes.count("tensors", LEAST_ENTRY_BYTES);
        long valueCount = bytes.count("metadata values", LEAST_VALUE_BYTES);
        var fields = new GgufFields(file, values(bytes, valueCount));
        var entries = new ArrayList<Entry>();
        for (long i = 0; i < tensorCount; i++) {
            entries.add(entry(bytes));
        }
        int alignment = fields.intOr(ALIGNMENT, DEFAULT_ALIGNMENT);
        if (Integer.bitCount(alignment) != 1 || alignment < 0) {
            throw new ModelFormatException(
                    file + ": metadata " + ALIGNMENT + " must be a power of two, not " + alignment);
        }
        long dataStart = Math.min(data.byteSize(), Math.ceilDiv(bytes.position(), alignment) * (long) alignment);
        checkPlaces(file, entries, alignment, data.byteSize() - dataStart);
        return new GgufHeader(fields, List.copyOf(entries), dataStart);
    }

    private static void checkVersion(GgufBytes bytes) {
        if (bytes.int32("its first bytes") != MAGIC) {
            throw bytes.wrong("does not begin with GGUF: it is of another format, or not yet downloaded");
        }
        int version = bytes.int32("the version");
        if (version != 2 && version != 3) {
            throw bytes.wrong(
                    version > 0 && (version & 0xffff) == 0
                            ? "is a big-endian GGUF file; little-endian ones are supported"
                            : "is GGUF of version " + version + "; versions 2 and 3 are supported");
        }
    }

    private static Map<String, GgufValue> values(GgufBytes bytes, long count) {
        var values = new LinkedHashMap<String, GgufValue>();
        for (long i = 0; i < count; i++) {
            String key = bytes.text("a metadata key");
            if (values.put(key, GgufValue.read(key, bytes)) != null) {
                throw bytes.wrong("has the metadata " + key + " twice");
            }
        }
        return values;
    }

    private static Entry entry(GgufBytes bytes) {
        String name = bytes.text("a tensor's name");
        int dimensions = bytes.int32("the dimensions of " + name);
        if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
            throw bytes.wrong("gives tensor " + name + " " + Integer.toUnsignedString(dimensions)
                    + " dimensions; at most " + MAX_DIMENSIONS + " are possible");
        }
        var shape = new ArrayList<Long>();
        long elements = 1;
        for (int i = 0; i < dimensions; i++) {
            long extent = bytes.size("the shape of " + name);
            elements = extent == 0 || elements <= Long.MAX_VALUE / Float.BYTES / extent ? elements * extent : -1;
            if (elements < 0) {
                throw bytes.wrong("gives tensor " + name + " an impossible shape");
            }
            shape.addFirst(extent);
        }
        var entry = new Entry(name, bytes.int32("the type of " + name), List.copyOf(shape), bytes.size("an offset"));
        checkRows(bytes, entry);
        return entry;
    }

    private static void checkRows(GgufBytes bytes, Entry entry) {
        GgmlTypes.type(entry.ggmlType()).ifPresent(type -> {
            long columns = entry.shape().isEmpty() ? 1 : entry.shape().getLast();
            if (columns % type.blockElements() != 0) {
                throw bytes.wrong("stores tensor " + entry.name() + " as " + type + ", but its rows of " + columns
                        + " elements are not whole blocks of " + type.blockElements());
            }
        });
    }

    /** Tensors begin where the alignment allows, end inside the file, and do not overlap. */
    private static void checkPlaces(String file, List<Entry> entries, int alignment, long dataBytes) {
        var inOrder = new ArrayList<>(entries);
        inOrder.sort(Comparator.comparingLong(Entry::offset));
        long end = 0;
        for (Entry entry : inOrder) {
            if (entry.offset() % alignment != 0 || entry.offset() < end) {
                throw new ModelFormatException(file + ": tensor " + entry.name() + " begins at byte " + entry.offset()
                        + " of the data, " + (entry.offset() < end ? "inside another tensor" : "which is not aligned"));
            }
            if (entry.bytes() > dataBytes - entry.offset()) {
                throw new ModelFormatException(file + ": tensor " + entry.name() + " of " + entry.bytes()
                        + " bytes begins at byte " + entry.offset() + " of the data, but the file has only " + dataBytes
                        + "; it was cut short or is still being downloaded: fetch it again");
            }
            end = entry.offset() + entry.bytes();
        }
    }
}
