package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * Damages a file in thousands of ways and looks at what becomes of it: it is either read correctly or refused with a {@link
 * ModelFormatException}, soon and without memory out of proportion to its size. {@code -Dcaravan.seed=N} runs one way alone.
 */
public final class Mutations {
    private static final int COUNT = 10_000;
    private static final String PROPERTY = "caravan.seed";

    /** Bytes on the heap that reading a file may take: for stack traces and tables, and for each byte of the file. */
    private static final long MAX_FIXED_BYTES = 2L << 20;

    private static final long MAX_BYTES_EACH = 64;

    /** Far beyond what a busy machine makes of a millisecond. */
    private static final long MAX_NS = 10_000_000_000L;

    private static final long[] EXTREMES = {
        0,
        1,
        -1,
        127,
        128,
        255,
        32767,
        65535,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0xffffffffL,
        1L << 32,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        1L << 62
    };

    private Mutations() {}

    /** Reads what lies in a folder whose file was damaged. */
    public interface Reader {
        void read() throws IOException;
    }

    /**
     * Mutates {@code file} and has it read each time.
     *
     * @param head bytes at the file's beginning where many changes go
     * @param tail as many at its end
     */
    public static void of(Path file, int head, int tail, Reader reader) throws IOException {
        byte[] good = Files.readAllBytes(file);
        reader.read();
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        String only = System.getProperty(PROPERTY, "");
        LongStream seeds = only.isEmpty() ? LongStream.range(0, COUNT) : LongStream.of(Long.parseLong(only));
        int refused = 0;
        for (long seed : seeds.toArray()) {
            byte[] bad = mutated(good, head, tail, new Random(seed));
            overwrite(file, bad);
            long startNs = System.nanoTime();
            long startBytes = threads.getCurrentThreadAllocatedBytes();
            try {
                reader.read();
            } catch (ModelFormatException e) {
                refused++;
                assertThat(e.getMessage()).as("message of %s", again(seed)).isNotBlank();
            } catch (RuntimeException | Error e) {
                throw new AssertionError(again(seed), e);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - startBytes;
            assertThat(allocated)
                    .as("bytes allocated for a file of %d, %s", bad.length, again(seed))
                    .isLessThan(MAX_FIXED_BYTES + MAX_BYTES_EACH * bad.length);
            assertThat(System.nanoTime() - startNs).as("time, %s", again(seed)).isLessThan(MAX_NS);
        }
        Files.write(file, good);
        if (only.isEmpty()) {
            assertThat(refused).as("files refused").isGreaterThan(COUNT / 10);
        }
    }

    /** In place: file systems take their time over files that are emptied and written anew. */
    private static void overwrite(Path file, byte[] bytes) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            var buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
                channel.write(buffer, buffer.position());
            }
            channel.truncate(bytes.length);
        }
    }

    private static String again(long seed) {
        return "seed " + seed + "; run it alone with -D" + PROPERTY + "=" + seed;
    }

    static byte[] mutated(byte[] good, int head, int tail, Random random) {
        byte[] bytes = good.clone();
        for (int change = random.nextInt(3); change >= 0; change--) {
            int at = place(bytes.length, head, tail, random);
            int length = 1 + random.nextInt(random.nextInt(4) == 0 ? Math.max(1, bytes.length / 4) : 16);
            int end = Math.min(bytes.length, at + length);
            bytes = switch (random.nextInt(10)) {
                case 0, 1, 2 -> flipped(bytes, at, end, random);
                case 3, 4 -> withNumber(bytes, at, random);
                case 5 -> Arrays.copyOf(bytes, at);
                case 6 -> spliced(bytes, at, end, new byte[0]);
                case 7 -> spliced(bytes, at, at, Arrays.copyOfRange(bytes, at, end));
                case 8 -> spliced(bytes, at, at, random(end - at, random));
                default -> {
                    int from = place(bytes.length, head, tail, random);
                    yield spliced(
                            bytes, at, end, Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + end - at)));
                }
            };
            if (bytes.length == 0) {
                break;
            }
        }
        return bytes;
    }

    private static int place(int length, int head, int tail, Random random) {
        int which = random.nextInt(5 * (head + tail));
        if (which < 4 * head) {
            return random.nextInt(Math.min(length, head));
        }
        return which < 4 * (head + tail) ? length - 1 - random.nextInt(Math.min(length, tail)) : random.nextInt(length);
    }

    private static byte[] flipped(byte[] bytes, int at, int end, Random random) {
        for (int i = at; i < Math.min(end, at + 4); i++) {
            bytes[i] ^= (byte) (random.nextBoolean() ? 1 << random.nextInt(8) : random.nextInt(256));
        }
        return bytes;
    }

    private static byte[] withNumber(byte[] bytes, int at, Random random) {
        var number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        long extreme = random.nextInt(3) == 0
                ? bytes.length + random.nextInt(3) - 1
                : EXTREMES[random.nextInt(EXTREMES.length)];
        number.putLong(extreme);
        int size = Math.min(1 << random.nextInt(4), bytes.length - at);
        System.arraycopy(number.array(), 0, bytes, at, size);
        return bytes;
    }

    private static byte[] random(int length, Random random) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** The bytes with {@code middle} in place of those from {@code from} to {@code to}. */
    private static byte[] spliced(byte[] bytes, int from, int to, byte[] middle) {
        return ByteBuffer.allocate(from + middle.length + bytes.length - to)
                .put(bytes, 0, from)
                .put(middle)
                .put(bytes, to, bytes.length - to)
                .array();
    }
}
