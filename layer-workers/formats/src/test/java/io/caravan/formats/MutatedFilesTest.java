package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.formats.sentencepiece.SentencePieceModel;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of each format after ten thousand kinds of damage. */
public class MutatedFilesTest {
    private static final ModelSpec SMALL =
            ModelShape.parse("dim=16,layers=1,heads=2,kv=1,ffn=24,vocab=32", TensorType.F16);

    @TempDir
    Path folder;

    @Test
    void shouldReadOrRefuseSafetensors() throws IOException {
        SyntheticCheckpoint.write(SMALL, folder.resolve("model"), 7, (bytes, total) -> {});
        Path file = folder.resolve("model/model.safetensors");
        int header = 8 + SafetensorsBytes.headerBytes(Files.readAllBytes(file));
        Mutations.of(file, header, 0, () -> readAll(folder.resolve("model")));
    }

    @Test
    void shouldReadOrRefuseMetaCheckpoints() throws IOException {
        SyntheticCheckpoint.write(SMALL, folder.resolve("model"), 7, (bytes, total) -> {});
        Path meta = Files.createDirectory(folder.resolve("meta"));
        try (Checkpoint model = Checkpoints.open(folder.resolve("model"))) {
            MetaFolder.write(model, meta, 2, true);
        }
        Mutations.of(meta.resolve("consolidated.01.pth"), 2500, 1500, () -> readAll(meta));
    }

    @Test
    void shouldReadOrRefuseSentencePieceModels() throws IOException {
        Path file = Files.copy(TestModels.CHAT.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
        Mutations.of(file, 100, 600, () -> {
            SentencePieceModel model = SentencePieceModel.read(file);
            assertThat(model.pieces()).isNotEmpty();
            assertThat(model.text(model.unknownId())).isNotEmpty();
        });
    }

    /** Every tensor, from its first to its last byte. */
    public static void readAll(Path model) {
        try (Checkpoint checkpoint = Checkpoints.open(model)) {
            for (TensorSlot slot : new LlamaTensors(checkpoint.spec()).all()) {
                WeightView view = slot.in(checkpoint);
                assertThat(view.data().byteSize()).isEqualTo(view.type().bytes(view.elementCount()));
                for (long at = 0; at < view.data().byteSize(); at++) {
                    view.data().get(ValueLayout.JAVA_BYTE, at);
                }
            }
        }
    }
}
