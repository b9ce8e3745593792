package io.caravan.formats;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * The tensors that a safetensors header lists, checked against the bytes that the file really has: a header is JSON from
 * anywhere, and nothing in it is used as a size or an offset before that. As the reference implementation does, tensors
 * must fill the data without gaps or overlaps.
 */
record SafetensorsHeader(List<Entry> entries) {
    /** Length of the little-endian header size at a file's start. */
    static final int PREFIX_BYTES = 8;

    /** Largest header that is believed; the largest published models need a hundredth of it. */
    static final long MAX_HEADER_BYTES = 32L << 20;

    static final String METADATA = "__metadata__";

    /** Bytes of one element of each type that the format names, but for those below a byte. */
    private static final Map<String, Integer> ELEMENT_BYTES = Map.ofEntries(
            Map.entry("BOOL", 1),
            Map.entry("U8", 1),
            Map.entry("I8", 1),
            Map.entry("F8_E5M2", 1),
            Map.entry("F8_E4M3", 1),
            Map.entry("F8_E8M0", 1),
            Map.entry("I16", 2),
            Map.entry("U16", 2),
            Map.entry("F16", 2),
            Map.entry("BF16", 2),
            Map.entry("I32", 4),
            Map.entry("U32", 4),
            Map.entry("F32", 4),
            Map.entry("C64", 8),
            Map.entry("F64", 8),
            Map.entry("I64", 8),
            Map.entry("U64", 8));

    /**
     * One tensor of a file.
     *
     * @param dtype the format's name of the element type, supported or not
     * @param begin first byte, counted from the end of the header
     * @param end byte after the last
     */
    record Entry(String name, String dtype, List<Long> shape, long begin, long end) {}

    SafetensorsHeader {
        entries = List.copyOf(entries);
    }

    /**
     * Parses {@code json}.
     *
     * @param file named in messages
     * @param dataBytes bytes that follow the header
     */
    static SafetensorsHeader parse(String file, byte[] json, long dataBytes) {
        JsonFields root = JsonFields.parse("the header of " + file, json);
        var entries = new ArrayList<Entry>();
        for (String name : root.keys()) {
            if (!name.equals(METADATA)) {
                entries.add(entry(file, name, root.requireObject(name), dataBytes));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        checkCoverage(file, entries, dataBytes);
        return new SafetensorsHeader(entries);
    }

    private static Entry entry(String file, String name, JsonFields fields, long dataBytes) {
        String dtype = fields.requireText("dtype");
        List<Long> shape = fields.sizes("shape");
        List<Long> offsets = fields.sizes("data_offsets");
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
            throw fields.wrong("data_offsets", "[begin, end] with begin <= end");
        }
        if (offsets.get(1) > dataBytes) {
            throw new ModelFormatException(file + ": tensor " + name + " ends at byte " + offsets.get(1)
                    + " of the data, but the file has only " + dataBytes
                    + "; it was cut short or is still being downloaded: fetch it again");
        }
        var entry = new Entry(name, dtype, List.copyOf(shape), offsets.get(0), offsets.get(1));
        checkSize(file, entry);
        return entry;
    }

    private static void checkSize(String file, Entry entry) {
        Integer elementBytes = ELEMENT_BYTES.get(entry.dtype());
        if (elementBytes == null) {
            return; // an unknown type is refused by name when the model needs the tensor
        }
        long expected = elementBytes;
        try {
            for (long extent : entry.shape()) {
                expected = Math.multiplyExact(expected, extent);
            }
        } catch (ArithmeticException e) {
            throw new ModelFormatException(
                    file + ": tensor " + entry.name() + " has the impossible shape " + entry.shape(), e);
        }
        if (expected != entry.end() - entry.begin()) {
            throw new ModelFormatException(file + ": tensor " + entry.name() + " of type " + entry.dtype()
                    + " and shape " + entry.shape() + " takes " + expected + " bytes, but its data_offsets span "
                    + (entry.end() - entry.begin()));
        }
    }

    private static void checkCoverage(String file, List<Entry> entries, long dataBytes) {
        long end = 0;
        for (Entry entry : entries) {
            if (entry.begin() != end) {
                throw new ModelFormatException(file + ": tensor " + entry.name() + " begins at byte " + entry.begin()
                        + " of the data, " + (entry.begin() < end ? "inside the tensor before it" : "after a gap")
                        + "; the next tensor must begin at byte " + end);
            }
            end = entry.end();
        }
        if (end != dataBytes) {
            throw new ModelFormatException(file + " has " + dataBytes + " bytes of data, but its tensors end at byte "
                    + end + "; the file does not belong to its header: fetch it again");
        }
    }
}
