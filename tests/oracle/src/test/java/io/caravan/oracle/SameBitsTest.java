package io.caravan.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.kernels.KernelChoice;
import io.caravan.model.kv.KvShape;
import io.caravan.oracle.TestPipeline.Setup;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A long greedy answer has the same bits (hidden states of every position, logits, tokens) alone and among sixteen, with
 * its prompt in chunks of 1, 7 or 512, over 1, 2 or 4 stages, for each type that weights may have. {@link OracleTest} shows
 * the same of more shapes of models, whose rows are too short for most types.
 */
class SameBitsTest {
    private static final KvShape KV = new KvShape(500, 8, TensorType.F16);
    private static final int COMPLETION_COUNT = 8;
    private static final int LONGEST_CHUNK = 512;
    private static final TokenIds PROMPT = prompt(new Random(3), LONGEST_CHUNK + 5);

    /** What of the prompt is also taken in small chunks, which is slow. */
    private static final TokenIds BEGINNING = PROMPT.slice(0, 40);

    /** Each type with both fast providers and what is usual for its activations, some with what else they may be. */
    static Stream<Arguments> typesAndKernels() {
        var usual = Stream.of(TensorType.values())
                .flatMap(type -> Stream.of(KernelChoice.VECTOR, KernelChoice.NATIVE)
                        .map(kernels -> Arguments.of(type, kernels, ActivationChoice.AUTO)));
        var others = Stream.of(
                Arguments.of(TensorType.BF16, KernelChoice.NATIVE, ActivationChoice.BF16),
                Arguments.of(TensorType.F16, KernelChoice.VECTOR, ActivationChoice.BF16),
                Arguments.of(TensorType.Q8_0, KernelChoice.NATIVE, ActivationChoice.F32));
        return Stream.concat(usual, others);
    }

    @ParameterizedTest(name = "{0} with {1} kernels and {2} activations")
    @MethodSource("typesAndKernels")
    void shouldGiveTheSameBitsForEveryBatchChunkAndCut(
            TensorType type, KernelChoice kernels, ActivationChoice activations) {
        Setup setup = Setup.of(kernels).activations(activations).kv(KV);
        TestSequence whole = alone(type, setup, PROMPT, LONGEST_CHUNK);
        TestSequence begun = alone(type, setup, BEGINNING, LONGEST_CHUNK);
        assertThat(whole.hidden()).hasSize(PROMPT.size() + COMPLETION_COUNT - 1);
        assertThat(begun.hidden().subList(0, BEGINNING.size()))
                .as("hidden states of the beginning alone")
                .usingElementComparator(Arrays::compare)
                .isEqualTo(whole.hidden().subList(0, BEGINNING.size()));

        assertSameBits("chunks of 1 over 2 stages", begun, alone(type, setup.stages(2), BEGINNING, 1));
        assertSameBits("chunks of 7 over 4 stages", begun, alone(type, setup.stages(4), BEGINNING, 7));
        try (var pipeline =
                new TestPipeline(new RandomModel(type), setup.stages(2).threads(2))) {
            List<TestSequence> batch = pipeline.run(batch());
            assertThat(batch).hasSize(16);
            assertSameBits("in a batch of 16, in a chunk of 512", whole, batch.get(5));
            assertSameBits("in a batch of 16, in chunks of 7", begun, batch.get(9));
        }
    }

    private static TestSequence alone(TensorType type, Setup setup, TokenIds prompt, int chunk) {
        try (var pipeline = new TestPipeline(new RandomModel(type), setup)) {
            return pipeline.run(TestSequence.completing(1, prompt, COMPLETION_COUNT, chunk));
        }
    }

    /** The prompt, its beginning, and others that are there from their first step to their last. */
    private static List<TestSequence> batch() {
        var random = new Random(5);
        var batch = new ArrayList<TestSequence>();
        for (int id = 0; id < 16; id++) {
            batch.add(
                    switch (id) {
                        case 5 -> TestSequence.completing(id, PROMPT, COMPLETION_COUNT, LONGEST_CHUNK);
                        case 9 -> TestSequence.completing(id, BEGINNING, COMPLETION_COUNT, 7);
                        default -> TestSequence.completing(id, prompt(random, 1 + random.nextInt(16)), 20, 1 + id % 4);
                    });
        }
        return batch;
    }

    private static TokenIds prompt(Random random, int count) {
        return TokenIds.of(random.ints(count, 0, RandomModel.SPEC.vocabSize()).toArray());
    }

    private static void assertSameBits(String how, TestSequence expected, TestSequence actual) {
        assertThat(actual.hidden()).as("hidden states, " + how).hasSameSizeAs(expected.hidden());
        for (int i = 0; i < expected.hidden().size(); i++) {
            assertThat(actual.hidden().get(i))
                    .as("hidden state of position %d, %s", i, how)
                    .isEqualTo(expected.hidden().get(i));
        }
        for (int i = 0; i < COMPLETION_COUNT; i++) {
            assertThat(actual.logits().get(i))
                    .as("logits of token %d, %s", i, how)
                    .isEqualTo(expected.logits().get(i));
        }
        assertThat(actual.completion()).as("tokens, %s", how).isEqualTo(expected.completion());
    }
}
