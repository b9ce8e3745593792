package io.caravan.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.kernels.KernelChoice;
import io.caravan.oracle.TestPipeline.Setup;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.scheduler.engine.PromptLookup;
import io.caravan.scheduler.engine.Speculation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every way in which configurations say how positions are rotated, against transformers' logits, at positions beyond the
 * original context too; {@code reference/rotary.py} made them.
 */
class RotaryTest {
    private static final double MAX_RELATIVE_ERROR = 1e-5;
    private static final int WHOLE = 200;

    @TempDir
    Path folder;

    /** Fields of a configuration, and what a random model of the family answers with them. */
    record RotaryCase(String family, String name, String config, List<Run> runs) {
        static RotaryCase parse(JsonNode node) {
            return new RotaryCase(
                    node.get("family").textValue(),
                    node.get("name").textValue(),
                    node.get("config").toString(),
                    StreamSupport.stream(node.get("runs").spliterator(), false)
                            .map(Run::parse)
                            .toList());
        }

        boolean dynamic() {
            return name.startsWith("dynamic");
        }

        /** The model's files in {@code folder}. */
        Path in(Path folder) throws IOException {
            Files.writeString(folder.resolve("config.json"), config);
            Files.copy(OracleModel.resource("/rotary/" + family + ".safetensors"), folder.resolve("model.safetensors"));
            return folder;
        }

        @Override
        public String toString() {
            return family + ": " + name;
        }
    }

    /**
     * An answer.
     *
     * @param firstLogits [vocab] that the first of {@code tokens} was chosen by
     * @param lastLogits [vocab] that the last was chosen by
     */
    record Run(TokenIds prompt, TokenIds tokens, float[] firstLogits, float[] lastLogits) {
        static Run parse(JsonNode node) {
            return new Run(
                    TokenIds.of(OracleModel.ints(node.get("prompt"))),
                    TokenIds.of(OracleModel.ints(node.get("tokens"))),
                    OracleModel.floats(node.get("first_logits")),
                    OracleModel.floats(node.get("last_logits")));
        }
    }

    static List<RotaryCase> cases() {
        return StreamSupport.stream(
                        OracleModel.json(OracleModel.resource("/rotary/cases.json"))
                                .spliterator(),
                        false)
                .map(RotaryCase::parse)
                .toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void shouldAnswerAsTransformersDoes(RotaryCase its) throws IOException {
        Path model = its.in(folder);
        for (KernelChoice kernels : KernelChoice.values()) {
            try (var pipeline = new TestPipeline(model, Setup.of(kernels).stages(2))) {
                for (Run run : its.runs()) {
                    assertAnswers(run, complete(pipeline, run, WHOLE), kernels.toString());
                }
            }
        }
    }

    /** Metadata holds floats, so that an attention factor may come back with other last bits. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void shouldAnswerAsTransformersDoesFromGgufOrRefuseToWriteIt(RotaryCase its) throws IOException {
        Path model = its.in(folder);
        Path file = folder.resolve("model.gguf");
        if (its.family().equals("smollm3")) {
            assertNoPlace(model, file, "what the layers of"); // which layers rotate
        } else if (its.dynamic()) {
            assertNoPlace(model, file, "a rotary base that grows with the length of a sequence");
        } else if (its.name().contains("truncation")) {
            assertNoPlace(model, file, "other limits of yarn's blend");
        } else {
            GgufTest.convert(model, file, Optional.empty());
            try (var pipeline = new TestPipeline(file, Setup.of(KernelChoice.AUTO))) {
                for (Run run : its.runs()) {
                    assertAnswers(run, complete(pipeline, run, WHOLE), "GGUF");
                }
            }
        }
    }

    private static void assertNoPlace(Path model, Path file, String what) {
        assertThatThrownBy(() -> GgufTest.convert(model, file, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no place for " + what);
    }

    static Stream<RotaryCase> scaledCases() {
        return cases().stream().filter(its -> its.dynamic() || its.name().startsWith("yarn as"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scaledCases")
    void shouldGiveTheSameBitsForEveryChunkAndCut(RotaryCase its) throws IOException {
        Path model = its.in(folder);
        Setup setup = Setup.of(KernelChoice.AUTO);
        try (var whole = new TestPipeline(model, setup);
                var cut = new TestPipeline(model, setup.stages(2))) {
            for (Run run : its.runs()) {
                List<float[]> expected = complete(whole, run, WHOLE).logits();
                for (int chunk : new int[] {1, 7, 64}) {
                    assertThat(complete(cut, run, chunk).logits())
                            .as("chunks of %d", chunk)
                            .usingElementComparator(Arrays::compare)
                            .isEqualTo(expected);
                }
            }
        }
    }

    /** A stage that was lost computes prompts and answers again, in other chunks, among others, with drafts. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("scaledCases")
    void shouldGiveTheSameTokensAndLogitsAfterLosses(RotaryCase its) throws IOException {
        Path model = its.in(folder);
        var requests = new ArrayList<SequenceRequest>();
        for (int id = 1; id <= 6; id++) {
            requests.add(request(id, its.runs().get(id % 2)));
        }
        try (var pipeline = new EnginePipeline(model, 2)) {
            var alone = pipeline.run(requests.subList(0, 2), Speculation.OFF, List.of());
            var losing = pipeline.run(requests, new Speculation(new PromptLookup(), 4, 24), List.of(new Random(7)));
            for (long id = 1; id <= 6; id++) {
                List<TokenChoice> expected = alone.tokens().get(id % 2 == 0 ? 2L : 1L);
                assertThat(losing.tokens().get(id))
                        .extracting(TokenChoice::logits)
                        .usingElementComparator(Arrays::compare)
                        .isEqualTo(expected.stream().map(TokenChoice::logits).toList());
            }
        }
    }

    private static SequenceRequest request(long id, Run run) {
        return new SequenceRequest(
                id,
                run.prompt(),
                TokenIds.EMPTY,
                run.tokens().size(),
                TokenIds.EMPTY,
                Sampling.GREEDY,
                Duration.ofSeconds(60),
                true);
    }

    private static TestSequence complete(TestPipeline pipeline, Run run, int chunk) {
        return pipeline.run(
                TestSequence.completing(1, run.prompt(), run.tokens().size(), chunk));
    }

    private static void assertAnswers(Run run, TestSequence sequence, String how) {
        String where =
                " after a prompt of %d, %s kernels".formatted(run.prompt().size(), how);
        assertThat(OracleTest.relativeError(sequence.logits().getFirst(), run.firstLogits()))
                .as("relative error" + where)
                .isLessThan(MAX_RELATIVE_ERROR);
        assertThat(sequence.completion()).as("tokens" + where).isEqualTo(run.tokens());
        assertThat(OracleTest.relativeError(sequence.logits().getLast(), run.lastLogits()))
                .as("relative error of the last token" + where)
                .isLessThan(MAX_RELATIVE_ERROR);
    }
}
