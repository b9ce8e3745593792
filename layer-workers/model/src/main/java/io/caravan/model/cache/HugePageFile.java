package io.caravan.model.cache;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes a file from its beginning in whole huge pages. What a system keeps of a file in memory lies there in pieces as large as it
 * was written in: a file that was written otherwise is mapped in small pages until memory has forgotten it.
 */
final class HugePageFile implements AutoCloseable {
    static final int HUGE_PAGE_BYTES = 2 << 20;

    private final FileChannel channel;
    private final ByteBuffer page = ByteBuffer.allocateDirect(HUGE_PAGE_BYTES);
    private long pageAt; // where it begins in the file

    HugePageFile(Path file) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.WRITE);
    }

    /** Where the next byte is written. */
    long position() {
        return pageAt + page.position();
    }

    void write(ByteBuffer bytes) throws IOException {
        write(MemorySegment.ofBuffer(bytes));
    }

    void write(MemorySegment bytes) throws IOException {
        for (long from = 0; from < bytes.byteSize(); ) {
            long count = Math.min(page.remaining(), bytes.byteSize() - from);
            page.put(bytes.asSlice(from, count).asByteBuffer());
            from += count;
            if (!page.hasRemaining()) {
                flush();
            }
        }
    }

    /** Zeros up to {@code position}. */
    void fillTo(long position) throws IOException {
        write(ByteBuffer.allocate(Math.toIntExact(position - position())));
    }

    private void flush() throws IOException {
        page.flip();
        while (page.hasRemaining()) {
            pageAt += channel.write(page, pageAt);
        }
        page.clear();
    }

    /** Brings all of it to the disk. */
    void force() throws IOException {
        flush();
        channel.force(true);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
