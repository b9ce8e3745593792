package io.caravan.formats.gguf;

import io.caravan.formats.ModelShape;
import io.caravan.formats.MutatedFilesTest;
import io.caravan.formats.Mutations;
import io.caravan.formats.SyntheticCheckpoint;
import io.caravan.formats.gguf.GgufBuilder.Bytes;
import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MutatedGgufTest {
    @TempDir
    Path folder;

    @Test
    void shouldReadOrRefuse() throws IOException {
        var spec = ModelShape.parse("dim=16,layers=1,heads=2,kv=1,ffn=24,vocab=32", TensorType.F16);
        SyntheticCheckpoint.write(spec, folder.resolve("model"), 7, (bytes, total) -> {});
        var builder = GgufBuilder.of(folder.resolve("model"));
        var tokens = new Bytes();
        for (int id = 0; id < spec.vocabSize(); id++) {
            tokens.text("token" + id);
        }
        builder.array("tokenizer.ggml.tokens", 8, spec.vocabSize(), tokens);
        Path file = Files.write(folder.resolve("model.gguf"), builder.bytes());
        Mutations.of(file, 2500, 0, () -> MutatedFilesTest.readAll(file));
    }
}
