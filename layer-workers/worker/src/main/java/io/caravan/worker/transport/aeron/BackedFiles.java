package io.caravan.worker.transport.aeron;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Takes the memory or disk that mapped files stand for while there still is some. A page that is first touched when the place is
 * full kills whoever touches it, in the middle of other work, with an {@link InternalError}.
 */
final class BackedFiles {
    private static final int PAGE_BYTES = 4096;

    private BackedFiles() {}

    /**
     * Backs all files below {@code folder}, which others may be using.
     *
     * @throws IOException when there is no room
     */
    static void in(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.filter(Files::isRegularFile).toList();
        }
        for (Path file : files) {
            back(file);
        }
    }

    private static void back(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            var mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size());
            try {
                var bytes = new UnsafeBuffer(mapped);
                for (int at = 0; at + Integer.BYTES <= bytes.capacity(); at += PAGE_BYTES) {
                    bytes.getAndAddInt(at, 0); // what stands there stays, whoever writes it meanwhile
                }
            } finally {
                BufferUtil.free(mapped);
            }
        } catch (InternalError full) {
            throw new IOException("there is no room for " + file, full);
        }
    }
}
