package io.caravan.model.cache;

import io.caravan.kernels.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of packed weights, one file a stage, named by a digest of everything that decides its bytes: the checkpoint's
 * fingerprint, the stage's layers, the format asked for, and the device's layout. A file is written under another name, forced
 * to the disk and then renamed, so one with its own name is whole, whenever the process died. The files used least recently
 * go when there is no room for a new one. A cache that cannot be used costs a line in the log and time, nothing else.
 *
 * @param directory need not exist
 * @param maxBytes of all files together; 0 keeps nothing
 */
public record WeightCache(Path directory, long maxBytes) {
    private static final Logger LOG = LoggerFactory.getLogger(WeightCache.class);

    private static final String SUFFIX = ".weights";
    private static final String UNFINISHED = ".part";

    /** An unfinished file that was not touched for so long is nobody's. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    /** Keeps nothing. */
    public static WeightCache none() {
        return new WeightCache(Path.of(""), 0);
    }

    /** Name of the entry for weights that follow from {@code parts}. */
    public static String key(List<String> parts) {
        try {
            var digest = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                digest.update(part.getBytes(StandardCharsets.UTF_8));
                digest.update((byte) 0);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** The weights kept under {@code key}, without tensors where there are none; the caller closes them. */
    public CachedWeights open(String key) {
        if (maxBytes == 0) {
            return CachedWeights.NONE;
        }
        Path file = directory.resolve(key + SUFFIX);
        try {
            CachedWeights weights = CachedWeights.open(file);
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
            return weights;
        } catch (NoSuchFileException notKept) {
            return CachedWeights.NONE;
        } catch (IOException unreadable) {
            LOG.warn("packed weights in {} are not used: {}", file, unreadable.getMessage());
            return CachedWeights.NONE;
        }
    }

    /** Keeps packed tensors, by their names, under {@code key}. */
    public void store(String key, SequencedMap<String, Tensor> packed) {
        long bytes = CachedWeights.fileBytes(packed);
        if (packed.isEmpty() || bytes > maxBytes) {
            return;
        }
        try {
            Files.createDirectories(directory);
            makeRoom(bytes);
            Path unfinished = Files.createTempFile(directory, key, UNFINISHED);
            try {
                CachedWeights.write(unfinished, packed);
                Files.move(unfinished, directory.resolve(key + SUFFIX), StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(unfinished);
            }
        } catch (IOException | UncheckedIOException unwritable) {
            LOG.warn("packed weights are not kept in {}: {}", directory, unwritable.getMessage());
        }
    }

    private record Entry(Path file, long bytes, FileTime used) {}

    private void makeRoom(long bytes) throws IOException {
        long held = bytes;
        List<Entry> entries = entries();
        for (Entry entry : entries) {
            held += entry.bytes();
        }
        for (Entry entry : entries) {
            boolean abandoned = entry.file().toString().endsWith(UNFINISHED)
                    && entry.used().toInstant().isBefore(Instant.now().minus(ABANDONED));
            boolean tooMuch = held > maxBytes && entry.file().toString().endsWith(SUFFIX);
            if (abandoned || tooMuch) {
                Files.deleteIfExists(entry.file());
                held -= entry.bytes();
            }
        }
    }

    /** Least recently used first. */
    private List<Entry> entries() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file ->
                            file.toString().endsWith(SUFFIX) || file.toString().endsWith(UNFINISHED))
                    .map(WeightCache::entry)
                    .sorted(Comparator.comparing(Entry::used))
                    .toList();
        }
    }

    private static Entry entry(Path file) {
        try {
            return new Entry(file, Files.size(file), Files.getLastModifiedTime(file));
        } catch (IOException gone) {
            return new Entry(file, 0, FileTime.from(Instant.now()));
        }
    }
}
