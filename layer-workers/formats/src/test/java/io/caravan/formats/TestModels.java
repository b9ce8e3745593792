package io.caravan.formats;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The small real checkpoints of the repository, and copies of them to damage. */
final class TestModels {
    static final Path ORACLE = Path.of("../../tests/oracle/src/test/resources/oracle");
    static final Path SINGLE = ORACLE.resolve("llama1-mha-f32");
    static final Path SHARDED = ORACLE.resolve("llama2-gqa-bf16-sharded");
    static final Path TIED = ORACLE.resolve("llama3-rope-f16-tied");
    static final Path CHAT = Path.of("../../gateway/cli/src/main/dist/models/tiny-chat");

    static final List<Path> ALL = List.of(SINGLE, SHARDED, TIED, CHAT);

    private TestModels() {}

    /** Copies the files of {@code model} into {@code target}, which must exist, and returns it. */
    static Path copy(Path model, Path target) throws IOException {
        try (Stream<Path> files = Files.list(model)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
        return target;
    }
}
