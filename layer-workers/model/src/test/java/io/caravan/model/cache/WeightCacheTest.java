package io.caravan.model.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.kernels.CpuList;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.kernels.Layout;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightCacheTest {
    private static final long ROWS = 70;
    private static final long COLUMNS = 64;

    @TempDir
    private Path folder;

    private final HostDevice device = HostDevice.open(KernelChoice.NATIVE, 2);

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void shouldGiveBackWhatItKept() {
        var cache = new WeightCache(folder.resolve("new"), 1 << 20);
        var packed = weights("a", "b");
        cache.store("key", packed);
        try (var kept = cache.open("key")) {
            for (var name : packed.keySet()) {
                Tensor again = read(kept, name).orElseThrow();
                assertThat(again.data().mismatch(packed.get(name).data())).isEqualTo(-1);
            }
            assertThat(kept.find("a", TensorType.F16, ROWS, COLUMNS)).isEmpty();
            assertThat(kept.find("a", TensorType.BF16, ROWS, COLUMNS + 2)).isEmpty();
        }
        try (var none = cache.open("another")) {
            assertThat(none.find("a", TensorType.BF16, ROWS, COLUMNS)).isEmpty();
        }
    }

    @Test
    void shouldKeepTensorsOfManyPieces() {
        var data = Arena.ofAuto().allocate(TensorType.Q8_0.bytes(3200 * 1024), 64);
        var large = device.weights(TensorType.Q8_0, 3200, 1024, data);
        var cache = new WeightCache(folder, 1 << 24);
        cache.store("key", new LinkedHashMap<>(Map.of("large", large)));
        try (var kept = cache.open("key")) {
            var source = kept.find("large", TensorType.Q8_0, 3200, 1024).orElseThrow();
            assertThat(source.byteSize()).isGreaterThan(5 * source.pieceBytes());
            var again = device.packed(TensorType.Q8_0, 3200, 1024, source).orElseThrow();
            assertThat(again.data().mismatch(large.data())).isEqualTo(-1);
        }
    }

    @Test
    void shouldKeepWeightsInTwelveBitsForDevicesThatHaveThemSo() {
        var data = Arena.ofAuto().allocate(TensorType.BF16.bytes(ROWS * COLUMNS), 64);
        for (long i = 0; i < ROWS * COLUMNS; i++) {
            data.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (i % 128 | 120 + i % 16 << 7));
        }
        data.setAtIndex(ValueLayout.JAVA_SHORT, 77, (short) 0x4242); // a patch
        Tensor small = device.weights(TensorType.BF16, ROWS, COLUMNS, data);
        assertThat(small.layout()).isEqualTo(Layout.TWELVE_BITS);
        var cache = new WeightCache(folder, 1 << 20);
        cache.store("key", new LinkedHashMap<>(Map.of("a", small)));
        try (var kept = cache.open("key");
                var plain = HostDevice.open(
                        KernelChoice.NATIVE, 1, ActivationChoice.AUTO, Bf16Storage.SIXTEEN_BITS, CpuList.ANY)) {
            Tensor again = read(kept, "a").orElseThrow();
            assertThat(again.layout()).isEqualTo(Layout.TWELVE_BITS);
            assertThat(again.data().mismatch(small.data())).isEqualTo(-1);
            var source = kept.find("a", TensorType.BF16, ROWS, COLUMNS).orElseThrow();
            assertThat(plain.takes(TensorType.BF16, ROWS, COLUMNS, source)).isFalse();
            assertThat(device.takes(TensorType.BF16, ROWS, COLUMNS + 8, source)).isFalse();
        }
    }

    @Test
    void shouldComputeFromAMappedFileThatIsUsefulAndReadOthers() {
        var cache = new WeightCache(folder, 1 << 20);
        var packed = weights("a", "b");
        cache.store("key", packed);
        for (boolean useful : List.of(true, false)) {
            try (var kept = cache.open("key")) {
                kept.mapIf(file -> file.isMapped() && useful);
                long takenBytes = device.allocatedBytes();
                Tensor again = read(kept, "b").orElseThrow();
                assertThat(again.data().mismatch(packed.get("b").data())).isEqualTo(-1);
                assertThat(again.data().isMapped()).isEqualTo(useful);
                assertThat(device.allocatedBytes() == takenBytes).isEqualTo(useful);
            }
        }
    }

    @Test
    void shouldRefuseWeightsOfAnotherSize() {
        var cache = new WeightCache(folder, 1 << 20);
        cache.store("key", weights("a"));
        try (var kept = cache.open("key")) {
            var source = kept.find("a", TensorType.BF16, ROWS, COLUMNS).orElseThrow();
            assertThatThrownBy(() -> device.packed(TensorType.BF16, ROWS + 64, COLUMNS, source))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("packed bytes");
        }
    }

    @Test
    void shouldIgnoreFilesThatAreDamagedOrShort() throws IOException {
        var cache = new WeightCache(folder, 1 << 20);
        cache.store("key", weights("a", "b"));
        Path file = folder.resolve("key.weights");
        byte[] whole = Files.readAllBytes(file);
        var random = new SplittableRandom(1);
        for (int i = 0; i < 200; i++) {
            Files.write(file, whole);
            try (var damaged = new RandomAccessFile(file.toFile(), "rw")) {
                if (i % 2 == 0) {
                    damaged.setLength(random.nextInt(whole.length - 4096));
                } else {
                    damaged.seek(random.nextInt(80));
                    damaged.write(random.nextInt(1, 256) ^ whole[(int) damaged.getFilePointer()]);
                }
            }
            try (var kept = cache.open("key")) {
                assertThat(kept.find("b", TensorType.BF16, ROWS, COLUMNS)).isEmpty();
            }
        }
    }

    @Test
    void shouldNotGiveOutATensorOfWhichAByteChangedReadOrMapped() throws IOException {
        var cache = new WeightCache(folder, 1 << 20);
        var packed = weights("a", "b");
        cache.store("key", packed);
        Path file = folder.resolve("key.weights");
        byte[] whole = Files.readAllBytes(file);
        int bytes = Math.toIntExact(packed.get("b").byteSize());
        int last = whole.length - 1 - Math.ceilDiv(bytes, 4096) * 4096;
        var random = new SplittableRandom(1);
        for (int i = 0; i < 50; i++) {
            byte[] damaged = whole.clone();
            damaged[last + random.nextInt(bytes)] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, damaged);
            long takenBytes = device.allocatedBytes();
            boolean mapped = i % 2 == 1;
            try (var kept = cache.open("key")) {
                kept.mapIf(mapping -> mapped);
                assertThat(read(kept, "b")).isEmpty();
                assertThat(device.allocatedBytes()).isEqualTo(takenBytes);
                assertThat(read(kept, "a")).isPresent();
            }
        }
    }

    @Test
    void shouldLetTheLeastRecentlyUsedGoWhenThereIsNoRoom() throws IOException {
        var cache = new WeightCache(folder, 30_000);
        cache.store("first", weights("a"));
        cache.store("second", weights("a"));
        age("first", 10);
        age("second", 20);
        Path abandoned = Files.createFile(folder.resolve("x.part"));
        Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        cache.store("third", weights("a"));
        cache.store("too large", weights("a", "b", "c"));
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("first.weights", "third.weights");
        }
    }

    @Test
    void shouldNameEntriesByAllThatDecidesThem() {
        assertThat(WeightCache.key(List.of("a", "bc"))).isNotEqualTo(WeightCache.key(List.of("ab", "c")));
        assertThat(WeightCache.key(List.of("a", "bc"))).isEqualTo(WeightCache.key(List.of("a", "bc")));
    }

    private Optional<Tensor> read(CachedWeights kept, String name) {
        return kept.find(name, TensorType.BF16, ROWS, COLUMNS)
                .flatMap(found -> device.packed(TensorType.BF16, ROWS, COLUMNS, found));
    }

    private void age(String key, int minutes) throws IOException {
        Files.setLastModifiedTime(
                folder.resolve(key + ".weights"), FileTime.from(Instant.now().minus(Duration.ofMinutes(minutes))));
    }

    /** Packed tensors of about 12 kB each. */
    private SequencedMap<String, Tensor> weights(String... names) {
        var packed = new LinkedHashMap<String, Tensor>();
        for (String name : names) {
            var data = Arena.ofAuto().allocate(TensorType.BF16.bytes(ROWS * COLUMNS), 64);
            var random = new SplittableRandom(name.hashCode());
            for (long i = 0; i < ROWS * COLUMNS; i++) {
                data.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) random.nextInt());
            }
            packed.put(name, device.weights(TensorType.BF16, ROWS, COLUMNS, data));
        }
        return packed;
    }
}
