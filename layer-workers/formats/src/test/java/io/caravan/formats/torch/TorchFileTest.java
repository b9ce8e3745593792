package io.caravan.formats.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.torch.TorchBytes.Part;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TorchFileTest {
    private static final byte[] EIGHT = {1, 2, 3, 4, 5, 6, 7, 8};

    @TempDir
    Path folder;

    @Test
    void shouldMapTensorsOfEveryType() throws IOException {
        Path file = write(TorchBytes.file(Map.of(
                "a", new Part("HalfStorage", new long[] {2, 2}, EIGHT),
                "b", new Part("LongStorage", new long[] {}, EIGHT))));
        try (Arena arena = Arena.ofConfined()) {
            Map<String, TorchTensor> tensors = TorchFile.map(file, arena).tensors();
            assertThat(tensors.get("a").dtype()).isEqualTo("F16");
            assertThat(tensors.get("a").shape()).containsExactly(2L, 2L);
            assertThat(tensors.get("a").data().isMapped()).isTrue();
            assertThat(tensors.get("a").data().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(EIGHT);
            assertThat(tensors.get("a").data().address() % 64).isZero();
            assertThat(tensors.get("b").dtype()).isEqualTo("I64");
            assertThat(tensors.get("b").shape()).isEmpty();
        }
    }

    /** The pickles are written out: c is GLOBAL, X a string with its length, Q a persistent id, R a call, t a tuple. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "cos~system~(X`5`ls -ltR. | it asks for \"os.system\"",
                "cbuiltins~eval~. | it asks for \"builtins.eval\"",
                "ctorch._utils~_rebuild_qtensor~. | it asks for \"torch._utils._rebuild_qtensor\"",
                "ctorch.storage~_load_from_bytes~. | it asks for \"torch.storage._load_from_bytes\"",
                "ccollections~OrderedDict~(K`1`tR. | calls collections.OrderedDict with a tuple",
                "ctorch~FloatStorage~)R. | calls torch.FloatStorage with a tuple",
                "(i. | instruction 0x69 at byte 1 is not one that a state dict needs",
                "K`1`. | holds an integer, not a dictionary of tensors",
                "} | ends in the middle of an instruction",
                "R. | it takes from an empty stack",
                "t. | it takes from an empty stack",
                "(. | holds a mark, not a dictionary",
                "h`7`. | it recalls value 7, which it never stored",
                "X`200`abc. | it claims a string of 200 bytes, but only 4 follow",
                "K`1`K`2`K`3`s. | it puts 2 keys and values into an integer",
                "}K`2`a. | it appends to a dictionary",
                "K`1`Q. | refers to data by an integer",
            })
    void shouldRefuseByNameWhatIsNotWeights(String program, String message) throws IOException {
        var bytes = ByteBuffer.allocate(200);
        String[] words = program.split("`", -1);
        for (int i = 0; i < words.length; i++) {
            if (i % 2 == 1) {
                bytes.put((byte) Integer.parseInt(words[i]));
                if (words[i - 1].endsWith("X")) {
                    bytes.put(new byte[3]);
                }
            } else {
                bytes.put(words[i].replace('~', '\n').getBytes(StandardCharsets.US_ASCII));
            }
        }
        byte[] pickle = new byte[bytes.position()];
        bytes.get(0, pickle);
        Path file = write(TorchBytes.archive(pickle, EIGHT));
        assertRefused(file, message);
    }

    @Test
    void shouldRefuseTensorsBeyondTheirStorageOrLyingInColumns() throws IOException {
        assertRefused(
                write(TorchBytes.file(Map.of("a", new Part("FloatStorage", new long[] {3}, EIGHT)))),
                "tensor a of shape [3] takes 12 bytes from byte 0 of its storage on, which has 8");
        byte[] good = TorchBytes.file(Map.of("a", new Part("FloatStorage", new long[] {2, 1}, EIGHT)));
        byte[] strides = replace(good, new byte[] {'(', 'K', 1, 'K', 1, 't'}, new byte[] {'(', 'K', 2, 'K', 1, 't'});
        assertRefused(write(strides), "is not stored row by row (its strides are [2, 1])");
        byte[] offset = replace(good, new byte[] {'Q', 'K', 0}, new byte[] {'Q', 'K', 1});
        assertRefused(write(offset), "takes 8 bytes from byte 4 of its storage on, which has 8");
    }

    @Test
    void shouldRefuseArchivesThatAreCutShortOrCompressed() throws IOException {
        byte[] good = TorchBytes.file(Map.of("a", new Part("FloatStorage", new long[] {2}, EIGHT)));
        for (int length : new int[] {0, 1, 22, 64, good.length - 1}) {
            assertRefused(write(Arrays.copyOf(good, length)), "is not a ZIP archive as PyTorch writes it");
        }
        assertRefused(write(new byte[100]), "it was cut short or is still being downloaded, or PyTorch before 1.6");
        byte[] deflated = good.clone();
        int central = indexOf(good, new byte[] {'P', 'K', 1, 2});
        deflated[central + 10] = 8;
        assertRefused(write(deflated), "is compressed or encrypted");
    }

    @Test
    void shouldReadArchivesWith64BitSizes() throws IOException {
        byte[] plain = TorchBytes.file(Map.of("a", new Part("FloatStorage", new long[] {2}, EIGHT)));
        try (Arena arena = Arena.ofConfined()) {
            TorchTensor tensor =
                    TorchFile.map(write(widened(plain)), arena).tensors().get("a");
            assertThat(tensor.data().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(EIGHT);
        }
    }

    /** The same archive with every size and place of its directory in ZIP64 fields. */
    private static byte[] widened(byte[] plain) {
        var in = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN);
        int end = plain.length - 22;
        int start = in.getInt(end + 16);
        int count = in.getShort(end + 10);
        var out = ByteBuffer.allocate(plain.length + 1000).order(ByteOrder.LITTLE_ENDIAN);
        out.put(plain, 0, start);
        int at = start;
        for (int i = 0; i < count; i++) {
            int name = in.getShort(at + 28);
            int extra = in.getShort(at + 30);
            int entry = out.position();
            out.put(plain, at, 46 + name + extra);
            out.putShort((short) 1).putShort((short) 24);
            out.putLong(in.getInt(at + 24)).putLong(in.getInt(at + 20)).putLong(in.getInt(at + 42));
            out.putInt(entry + 20, -1).putInt(entry + 24, -1).putInt(entry + 42, -1);
            out.putShort(entry + 30, (short) (extra + 28));
            at += 46 + name + extra;
        }
        int size = out.position() - start;
        int end64 = out.position();
        out.putInt(0x06064b50)
                .putLong(44)
                .putShort((short) 45)
                .putShort((short) 45)
                .putInt(0)
                .putInt(0);
        out.putLong(count).putLong(count).putLong(size).putLong(start);
        out.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
        out.putInt(0x06054b50)
                .putInt(0)
                .putShort((short) -1)
                .putShort((short) -1)
                .putInt(-1)
                .putInt(-1);
        out.putShort((short) 0);
        return Arrays.copyOf(out.array(), out.position());
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("consolidated.00.pth"), bytes);
    }

    private static void assertRefused(Path file, String... parts) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> TorchFile.map(file, arena))
                    .isInstanceOf(ModelFormatException.class)
                    .hasMessageContaining("consolidated.00.pth")
                    .hasMessageContainingAll(parts);
        }
    }

    private static byte[] replace(byte[] bytes, byte[] from, byte[] to) {
        byte[] changed = bytes.clone();
        System.arraycopy(to, 0, changed, indexOf(bytes, from), to.length);
        return changed;
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        MemorySegment all = MemorySegment.ofArray(bytes);
        for (int at = 0; at <= bytes.length - part.length; at++) {
            if (all.asSlice(at, part.length).mismatch(MemorySegment.ofArray(part)) == -1) {
                return at;
            }
        }
        throw new AssertionError("no such bytes");
    }
}
