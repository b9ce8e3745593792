package io.caravan.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.kernels.KernelChoice;
import io.caravan.model.kv.KvShape;
import io.caravan.oracle.TestPipeline.Setup;
import io.caravan.oracle.TinyChat.Chat;
import io.caravan.proto.model.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The shipped model answers as the float64 reference does, with exact keys and values and with halved ones. */
class TinyChatTest {

    static Stream<Arguments> kernelsAndKvTypes() {
        return Stream.of(
                Arguments.of(KernelChoice.SCALAR, TensorType.F16),
                Arguments.of(KernelChoice.VECTOR, TensorType.F16),
                Arguments.of(KernelChoice.VECTOR, TensorType.F32),
                Arguments.of(KernelChoice.NATIVE, TensorType.F16));
    }

    @ParameterizedTest(name = "{0} kernels, {1} keys and values")
    @MethodSource("kernelsAndKvTypes")
    void shouldAnswerAsTheReferenceDoes(KernelChoice kernels, TensorType kvType) {
        List<Chat> chats = TinyChat.chats();
        Setup setup = Setup.of(kernels).stages(2).kv(new KvShape(256, 16, kvType));
        try (var pipeline = new TestPipeline(TinyChat.DIRECTORY, setup)) {
            var sequences = new ArrayList<TestSequence>();
            for (Chat chat : chats) {
                sequences.add(TestSequence.completing(
                        sequences.size(), chat.prompt(), chat.answer().size(), 32));
            }
            pipeline.run(sequences);
            for (int i = 0; i < chats.size(); i++) {
                assertThat(sequences.get(i).completion())
                        .as("answer %d", i)
                        .isEqualTo(chats.get(i).answer());
            }
        }
    }
}
