package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SyntheticCheckpointTest {
    private static final SyntheticCheckpoint.Progress SILENT = (bytes, total) -> {};

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void shouldWriteAModelThatOpensAsTheShapeItWasMadeOf(TensorType type) throws IOException {
        Path target = folder.resolve("tiny");
        ModelSpec spec = ModelShape.parse("tiny", type);
        SyntheticCheckpoint.write(spec, target, 7, SILENT);
        try (Checkpoint checkpoint = Checkpoints.open(target)) {
            assertThat(checkpoint.spec()).isEqualTo(spec);
        }
        assertThat(names(target)).containsExactly("config.json", "generation_config.json", "model.safetensors");
    }

    @Test
    void shouldKeepScalingTyingAndSeveralEndTokensThroughTheConfiguration() throws IOException {
        for (RopeScaling scaling : List.of(
                new RopeScaling.Linear(4),
                new RopeScaling.Llama3(32, 1, 4, 8192),
                new RopeScaling.Yarn(4, 16, 0.9, 16, 2, false),
                new RopeScaling.Dynamic(4, 16))) {
            Path target = folder.resolve(scaling.getClass().getSimpleName());
            var eos = TokenIds.of(2, 5, 9);
            var name = target.getFileName().toString();
            var spec =
                    new ModelSpec(name, 48, 80, 2, 6, 2, 10, 30, 64, 1e-6f, 5e5, scaling, true, eos, TensorType.BF16);
            SyntheticCheckpoint.write(spec, target, 7, SILENT);
            try (Checkpoint checkpoint = Checkpoints.open(target)) {
                assertThat(checkpoint.spec()).isEqualTo(spec);
                assertThat(checkpoint.has("lm_head.weight")).isFalse();
            }
        }
    }

    @Test
    void shouldSplitALargeModelIntoFilesWithAnIndex() throws IOException {
        ModelSpec spec = ModelShape.named("tiny");
        SyntheticCheckpoint.write(spec, folder.resolve("tiny"), 7, 100_000, SILENT);
        SyntheticCheckpoint.write(spec, folder.resolve("whole"), 7, SILENT);
        assertThat(names(folder.resolve("tiny")))
                .contains("model.safetensors.index.json", "model-00002-of-00005.safetensors")
                .doesNotContain("model.safetensors");
        try (Checkpoint sharded = Checkpoints.open(folder.resolve("tiny"));
                Checkpoint whole = Checkpoints.open(folder.resolve("whole"))) {
            assertThat(sharded.spec()).isEqualTo(spec);
            for (TensorSlot slot : new LlamaTensors(spec).all()) {
                assertThat(slot.in(sharded).data().mismatch(slot.in(whole).data()))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void shouldWriteEqualFilesForEqualSeedsOnly() throws IOException {
        ModelSpec spec = ModelShape.named("tiny");
        for (var run : List.of("a:1", "b:1", "c:2")) {
            SyntheticCheckpoint.write(spec, folder.resolve(run.substring(0, 1)), run.charAt(2), SILENT);
        }
        Path first = folder.resolve("a/model.safetensors");
        assertThat(Files.mismatch(first, folder.resolve("b/model.safetensors"))).isEqualTo(-1);
        assertThat(Files.mismatch(first, folder.resolve("c/model.safetensors"))).isNotEqualTo(-1);
    }

    @Test
    void shouldScaleWeightsSoThatAMatrixKeepsTheSizeOfItsInput() throws IOException {
        ModelSpec spec = ModelShape.parse("dim=128,layers=8,heads=4,ffn=256,vocab=1000", TensorType.F32);
        SyntheticCheckpoint.write(spec, folder.resolve("m"), 7, SILENT);
        var tensors = new LlamaTensors(spec);
        try (Checkpoint checkpoint = Checkpoints.open(folder.resolve("m"))) {
            assertThat(deviation(tensors.embedding().in(checkpoint))).isBetween(0.98, 1.02);
            assertThat(deviation(tensors.head().in(checkpoint)) * Math.sqrt(128))
                    .isBetween(0.98, 1.02);
            double down = deviation(tensors.layer(3, LlamaTensors.Part.DOWN).in(checkpoint));
            assertThat(down * Math.sqrt(256) * Math.sqrt(16)).isBetween(0.98, 1.02);
            WeightView norm = tensors.norm().in(checkpoint);
            assertThat(norm.data().toArray(ValueLayout.JAVA_FLOAT)).containsOnly(1f);
        }
    }

    @Test
    void shouldReportProgressUpToTheWholeSize() throws IOException {
        ModelSpec spec = ModelShape.named("tiny");
        var seen = new ArrayList<Long>();
        SyntheticCheckpoint.write(spec, folder.resolve("m"), 7, (bytes, total) -> {
            assertThat(total).isEqualTo(2 * spec.parameterCount());
            seen.add(bytes);
        });
        assertThat(seen).isSorted().last().isEqualTo(2 * spec.parameterCount());
    }

    @Test
    void shouldRefuseAFolderThatHoldsSomethingAndLeaveItAlone() throws IOException {
        Files.writeString(folder.resolve("notes.txt"), "mine");
        assertThatThrownBy(() -> SyntheticCheckpoint.write(ModelShape.named("tiny"), folder, 7, SILENT))
                .isInstanceOf(FileAlreadyExistsException.class)
                .hasMessageContainingAll("not empty", "notes.txt", "give a new or an empty folder");
        assertThat(names(folder)).containsExactly("notes.txt");
    }

    @Test
    void shouldRefuseAModelThatTheDiskHasNoRoomFor() {
        ModelSpec spec = ModelShape.parse("dim=65536,layers=20000,heads=64,ffn=262144,vocab=32000", TensorType.F32);
        assertThatThrownBy(() -> SyntheticCheckpoint.write(spec, folder.resolve("m"), 7, SILENT))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("the model takes " + 4 * spec.parameterCount() + " bytes", "left");
    }

    @Test
    void shouldLeaveNoModelWhenItIsBrokenOffAndStartOverInItsRemains() throws IOException {
        ModelSpec spec = ModelShape.named("tiny");
        assertThatThrownBy(() -> SyntheticCheckpoint.write(spec, folder, 7, (bytes, total) -> {
                    throw new UncheckedIOException(new IOException("stopped"));
                }))
                .isInstanceOf(UncheckedIOException.class);
        assertThat(names(folder)).isEmpty();
        Files.writeString(folder.resolve("model.safetensors.partial"), "left by a crash");
        SyntheticCheckpoint.write(spec, folder, 7, SILENT);
        try (Checkpoint checkpoint = Checkpoints.open(folder)) {
            assertThat(checkpoint.spec().layerCount()).isEqualTo(4);
        }
    }

    private static double deviation(WeightView view) {
        double squares = 0;
        for (float each : view.data().toArray(ValueLayout.JAVA_FLOAT)) {
            squares += (double) each * each;
        }
        return Math.sqrt(squares / view.elementCount());
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }
}
