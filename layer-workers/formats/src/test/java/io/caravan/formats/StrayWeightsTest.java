package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders in which more than one file looks like the model's weights. */
class StrayWeightsTest {
    private static final int SHARD_BYTES = 100_000;
    private static final SyntheticCheckpoint.Progress SILENT = (bytes, total) -> {};

    @TempDir
    Path parent;

    @Test
    void shouldTakeWhatTheIndexNamesAndNameTheFileBesideIt() throws IOException {
        Path folder = written("sharded", 7, SHARD_BYTES);
        Path stray = folder.resolve("model.safetensors");
        Files.copy(written("other", 8, Long.MAX_VALUE).resolve("model.safetensors"), stray);
        try (Checkpoint right = Checkpoints.open(written("whole", 7, Long.MAX_VALUE));
                Checkpoint opened = Checkpoints.open(folder)) {
            assertSameWeights(opened, right);
            assertThat(opened.files()).hasSize(5).doesNotContain(stray);
            assertThat(opened.strays())
                    .containsExactly(
                            "model.safetensors (not one of the files that model.safetensors.index.json names)");
        }
    }

    @Test
    void shouldNameEveryFileThatLooksLikeWeightsAndDoesNotCount() throws IOException {
        Path folder = written("model", 7, Long.MAX_VALUE);
        for (String name : List.of(
                "adapter_model.safetensors",
                "consolidated.00.pth",
                "consolidated.safetensors",
                "model-00001-of-00002.safetensors",
                "model.Q8_0.gguf",
                "pytorch_model.bin",
                "tokenizer.json",
                "training_args.bin")) {
            Files.writeString(folder.resolve(name), "anything");
        }
        try (Checkpoint opened = Checkpoints.open(folder)) {
            assertThat(opened.files()).containsExactly(folder.resolve("model.safetensors"));
            assertThat(opened.strays())
                    .containsExactly(
                            "adapter_model.safetensors (an adapter, which is not applied: merge it into the model)",
                            "consolidated.00.pth (passed over for files of another format)",
                            "consolidated.safetensors (not a part of the model)",
                            "model-00001-of-00002.safetensors (not a part of the model)",
                            "model.Q8_0.gguf (passed over for files of another format)",
                            "pytorch_model.bin (passed over for files of another format)");
        }
    }

    @Test
    void shouldSayWhatToDoWithAnIndexOfFilesThatAreGone() throws IOException {
        Path folder = written("model", 7, Long.MAX_VALUE);
        Path sharded = written("sharded", 7, SHARD_BYTES);
        String index = "model.safetensors.index.json";
        Files.copy(sharded.resolve(index), folder.resolve(index));
        assertThatThrownBy(() -> Checkpoints.open(folder).close())
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll(
                        "lacks 5 of the 5 files", "if model.safetensors is the model, remove " + index);
    }

    @Test
    void shouldLeaveNoWeightsOfTheModelThatWasHereBefore() throws IOException {
        Path folder = written("model", 7, SHARD_BYTES);
        overwrite(folder, 8, Long.MAX_VALUE);
        try (Checkpoint right = Checkpoints.open(written("eight", 8, Long.MAX_VALUE));
                Checkpoint opened = Checkpoints.open(folder)) {
            assertSameWeights(opened, right);
            assertThat(opened.strays()).isEmpty();
        }
        overwrite(folder, 9, SHARD_BYTES);
        try (Checkpoint right = Checkpoints.open(written("nine", 9, Long.MAX_VALUE));
                Checkpoint opened = Checkpoints.open(folder)) {
            assertSameWeights(opened, right);
            assertThat(opened.strays()).isEmpty();
        }
    }

    private Path written(String name, long seed, long shardBytes) throws IOException {
        Path folder = parent.resolve(name);
        SyntheticCheckpoint.write(ModelShape.named("tiny"), folder, seed, shardBytes, SILENT);
        return folder;
    }

    /** As {@code caravan convert --force} does. */
    private void overwrite(Path folder, long seed, long shardBytes) throws IOException {
        Path source = written("source-" + seed, seed, shardBytes);
        try (Checkpoint checkpoint = Checkpoints.open(source)) {
            var tensors = new LlamaTensors(checkpoint.spec())
                    .all().stream()
                            .map(slot ->
                                    new PlannedTensor(slot, slot.in(checkpoint).type()))
                            .toList();
            SafetensorsFolder.write(
                    folder,
                    tensors,
                    SafetensorsFolder.configuration(
                            source, checkpoint.spec(), checkpoint.spec().weightType()),
                    true,
                    shardBytes,
                    (tensor, order, channel) ->
                            channel.write(tensor.slot().in(checkpoint).data().asByteBuffer()));
        }
    }

    private static void assertSameWeights(Checkpoint actual, Checkpoint expected) {
        for (TensorSlot slot : new LlamaTensors(expected.spec()).all()) {
            assertThat(slot.in(actual).data().mismatch(slot.in(expected).data()))
                    .as(slot.name())
                    .isEqualTo(-1);
        }
    }
}
