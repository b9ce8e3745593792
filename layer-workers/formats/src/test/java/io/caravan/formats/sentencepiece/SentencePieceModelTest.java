package io.caravan.formats.sentencepiece;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.sentencepiece.SentencePieceModel.Algorithm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SentencePieceModelTest {
    private static final Path CHAT = Path.of("../../gateway/cli/src/main/dist/models/tiny-chat/tokenizer.model");

    @TempDir
    Path folder;

    @Test
    void shouldReadTheModelThatIsShipped() {
        SentencePieceModel model = SentencePieceModel.read(CHAT);
        assertThat(model.pieces()).hasSize(1024);
        assertThat(model.algorithm()).isEqualTo(Algorithm.BYTE_PAIR);
        assertThat(model.byteFallback()).isTrue();
        assertThat(model.spacePrefix()).isFalse();
        assertThat(model.text(model.unknownId())).isEqualTo("<unk>");
        assertThat(model.text(model.bosId())).isEqualTo("<s>");
        assertThat(model.text(model.eosId())).isEqualTo("</s>");
        assertThat(model.pieces().get(4)).isEqualTo(new Piece("<|user|>", 0, Piece.Kind.USER_DEFINED));
        assertThat(model.pieces().get(6).kind()).isEqualTo(Piece.Kind.BYTE);
        assertThat(model.text(-1)).isEmpty();
    }

    /** Fields are written number=varint, or number:text. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2=1 | field 2 has the wire type 0, not 2",
                "1:1:x | is not a Protocol Buffers message",
                "3: | it has no pieces",
            })
    void shouldSayWhatIsWrong(String fields, String message) throws IOException {
        var bytes = new ByteArrayOutputStream();
        boolean varint = fields.contains("=");
        String[] parts = fields.split("[=:]", 2);
        bytes.write(Integer.parseInt(parts[0]) << 3 | (varint ? 0 : 2));
        if (varint) {
            bytes.write(Integer.parseInt(parts[1]));
        } else {
            bytes.write(parts[1].length());
            bytes.writeBytes(parts[1].getBytes(StandardCharsets.US_ASCII));
        }
        Path file = Files.write(folder.resolve("tokenizer.model"), bytes.toByteArray());
        assertThatThrownBy(() -> SentencePieceModel.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll("tokenizer.model", message);
    }

    @Test
    void shouldRefuseModelsThatChangeTextsOrHaveOtherAlgorithms() throws IOException {
        byte[] good = Files.readAllBytes(CHAT);
        assertRefused(with(good, 4, 1), "it changes texts"); // remove_extra_whitespaces
        assertRefused(appended(good, 0x12, 2, 0x18, 4), "model_type 4 is not supported; 1 (unigram) and 2 (BPE) are");
        assertRefused(appended(good, 0x12, 4, 0xc8, 2, 0x80, 0x10), "bos_id must be one of its 1024 pieces, not 2048");
        assertRefused(appended(good, 0x0a, 0), "piece 1024 must have a text");
        assertRefused(new byte[0], "it has no pieces");
    }

    /** Sets a truth value of the normalizer, which is the last message. */
    private static byte[] with(byte[] good, int field, int value) {
        return appended(good, 0x1a, 2, field << 3, value);
    }

    private static byte[] appended(byte[] good, int... more) {
        var out = new ByteArrayOutputStream();
        out.writeBytes(good);
        for (int each : more) {
            out.write(each);
        }
        return out.toByteArray();
    }

    private void assertRefused(byte[] bytes, String message) throws IOException {
        Path file = Files.write(folder.resolve("tokenizer.model"), bytes);
        assertThatThrownBy(() -> SentencePieceModel.read(file))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll("tokenizer.model", message);
    }
}
