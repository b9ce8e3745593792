package io.caravan.formats.torch;

import io.caravan.formats.ModelFormatException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * The files inside a mapped ZIP archive that stores them uncompressed, as views of the map. ZIP64 is understood, because
 * weights are larger than 4 GiB. All sizes and places come from the central directory and are checked against the bytes
 * that exist.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE.TXT, the format's definition</a>
 */
final class ZipArchive {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL_SIGNATURE = 0x02014b50;
    private static final int CENTRAL_BYTES = 46;
    private static final int END_SIGNATURE = 0x06054b50;
    private static final int END_BYTES = 22;
    private static final int END64_SIGNATURE = 0x06064b50;
    private static final int END64_BYTES = 56;
    private static final int LOCATOR64_SIGNATURE = 0x07064b50;
    private static final int LOCATOR64_BYTES = 20;
    private static final int ZIP64_EXTRA = 1;
    private static final int MAX_COMMENT_BYTES = 0xffff;
    private static final long IN_ZIP64 = 0xffffffffL;

    private final String file;
    private final MemorySegment bytes;
    private final Map<String, MemorySegment> entries = new TreeMap<>();

    private ZipArchive(String file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /**
     * The files of the archive by their names.
     *
     * @param file named in messages
     * @throws ModelFormatException when it is no such archive or was damaged
     */
    static Map<String, MemorySegment> entries(String file, MemorySegment bytes) {
        var archive = new ZipArchive(file, bytes);
        archive.readDirectory();
        return archive.entries;
    }

    private void readDirectory() {
        long end = findEnd();
        long count = unsignedShort(end + 10);
        long size = unsignedInt(end + 12);
        long at = unsignedInt(end + 16);
        long locator = end - LOCATOR64_BYTES;
        if (locator >= 0 && bytes.get(INT, locator) == LOCATOR64_SIGNATURE) {
            long end64 = bytes.get(LONG, locator + 8);
            require(end64, END64_BYTES, "its ZIP64 end record");
            if (bytes.get(INT, end64) != END64_SIGNATURE) {
                throw damaged("no ZIP64 end record is at byte " + end64);
            }
            count = bytes.get(LONG, end64 + 32);
            size = bytes.get(LONG, end64 + 40);
            at = bytes.get(LONG, end64 + 48);
        }
        require(at, size, "its directory");
        long directoryEnd = at + size;
        for (long i = 0; i < count; i++) {
            at = readEntry(at, directoryEnd);
        }
    }

    /** The end record is last, but for a comment of any length that it announces. */
    private long findEnd() {
        long earliest = Math.max(0, bytes.byteSize() - END_BYTES - MAX_COMMENT_BYTES);
        for (long at = bytes.byteSize() - END_BYTES; at >= earliest; at--) {
            if (bytes.get(INT, at) == END_SIGNATURE && at + END_BYTES + unsignedShort(at + 20) == bytes.byteSize()) {
                return at;
            }
        }
        throw damaged(
                "the directory at its end is missing; it was cut short or is still being downloaded, or PyTorch before"
                        + " 1.6 wrote it");
    }

    /** Reads the entry at {@code at} of the central directory; returns where the next begins. */
    private long readEntry(long at, long directoryEnd) {
        if (directoryEnd - at < CENTRAL_BYTES || bytes.get(INT, at) != CENTRAL_SIGNATURE) {
            throw damaged("its directory has no entry at byte " + at);
        }
        int flags = unsignedShort(at + 8);
        int method = unsignedShort(at + 10);
        long packed = unsignedInt(at + 20);
        long size = unsignedInt(at + 24);
        int nameBytes = unsignedShort(at + 28);
        int extraBytes = unsignedShort(at + 30);
        long local = unsignedInt(at + 42);
        long next = at + CENTRAL_BYTES + nameBytes + extraBytes + unsignedShort(at + 32);
        if (next > directoryEnd) {
            throw damaged("an entry of its directory is longer than the directory");
        }
        String name = new String(
                bytes.asSlice(at + CENTRAL_BYTES, nameBytes).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        if (size == IN_ZIP64 || packed == IN_ZIP64 || local == IN_ZIP64) {
            var wide = new Zip64(at + CENTRAL_BYTES + nameBytes, extraBytes);
            size = size == IN_ZIP64 ? wide.next() : size;
            packed = packed == IN_ZIP64 ? wide.next() : packed;
            local = local == IN_ZIP64 ? wide.next() : local;
        }
        if (method != 0 || packed != size || (flags & 1) != 0) {
            throw new ModelFormatException(file + ": " + name + " is compressed or encrypted in the archive; PyTorch"
                    + " stores weights plainly");
        }
        if (entries.put(name, data(name, local, size)) != null) {
            throw damaged(name + " is in it twice");
        }
        return next;
    }

    /** The data follow the local header, whose name and extra field need not be as long as the directory's. */
    private MemorySegment data(String name, long local, long size) {
        require(local, LOCAL_BYTES, name);
        if (bytes.get(INT, local) != LOCAL_SIGNATURE) {
            throw damaged("no file is at byte " + local + ", where its directory has " + name);
        }
        long start = local + LOCAL_BYTES + unsignedShort(local + 26) + unsignedShort(local + 28);
        require(start, size, name);
        return bytes.asSlice(start, size);
    }

    /** The values of an entry that need 64 bits, in their order. */
    private final class Zip64 {
        private long at;
        private long end;

        Zip64(long extra, int extraBytes) {
            long limit = extra + extraBytes;
            for (long field = extra; limit - field >= 4; field += 4 + unsignedShort(field + 2)) {
                if (unsignedShort(field) == ZIP64_EXTRA) {
                    at = field + 4;
                    end = Math.min(limit, at + unsignedShort(field + 2));
                    return;
                }
            }
        }

        long next() {
            if (end - at < Long.BYTES) {
                throw damaged("an entry of its directory lacks its 64-bit sizes");
            }
            at += Long.BYTES;
            return bytes.get(LONG, at - Long.BYTES);
        }
    }

    private int unsignedShort(long at) {
        return bytes.get(SHORT, at) & 0xffff;
    }

    private long unsignedInt(long at) {
        return bytes.get(INT, at) & 0xffffffffL;
    }

    private void require(long start, long size, String what) {
        if (start < 0 || size < 0 || start > bytes.byteSize() - size) {
            throw damaged(what + " is said to take " + size + " bytes from byte " + start
                    + " on, but the file has only " + bytes.byteSize());
        }
    }

    private ModelFormatException damaged(String what) {
        return new ModelFormatException(file + " is not a ZIP archive as PyTorch writes it: " + what);
    }
}
