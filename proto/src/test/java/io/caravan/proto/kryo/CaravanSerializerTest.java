package io.caravan.proto.kryo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.caravan.proto.actor.CaravanMessage;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.io.NotSerializableException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.apache.pekko.serialization.SerializerWithStringManifest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class CaravanSerializerTest {
    private static final ActorTestKit KIT = ActorTestKit.create(ConfigFactory.load());
    private static final Serialization SERIALIZATION = SerializationExtension.get(KIT.system());
    private static final ActorRef<Object> REF = KIT.<Object>createTestProbe().ref();
    private static final List<CaravanMessage> SAMPLES = MessageSamples.all(REF);

    private final SerializerWithStringManifest serializer =
            (SerializerWithStringManifest) SERIALIZATION.findSerializerFor(SAMPLES.getFirst());

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    @Test
    void shouldHaveASampleOfEveryMessageThereIs() throws Exception {
        Set<String> sampled = SAMPLES.stream()
                .map(sample -> sample.getClass().getName())
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(messageClasses()).isNotEmpty().isEqualTo(sampled);
    }

    @Test
    void shouldBringEverySampleBack() throws Exception {
        for (CaravanMessage sample : SAMPLES) {
            assertThat(SERIALIZATION.findSerializerFor(sample))
                    .as("serializer of %s", sample)
                    .isInstanceOf(CaravanSerializer.class);
            assertThat(roundTrip(sample)).isEqualTo(sample);
        }
    }

    @Test
    void shouldBringEverySampleBackOnSeveralThreadsAtOnce() {
        List<Object> wrong = IntStream.range(0, 4_000)
                .parallel()
                .mapToObj(i -> SAMPLES.get(i % SAMPLES.size()))
                .filter(sample -> !roundTrip(sample).equals(sample))
                .collect(Collectors.toList());
        assertThat(wrong).isEmpty();
    }

    @Test
    void shouldRefuseAClassThatIsNotInTheTable() {
        record Stranger(int value) implements CaravanMessage {}
        assertThatThrownBy(() -> serializer.toBinary(new Stranger(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Stranger")
                .hasMessageContaining("not registered");
    }

    @Test
    void shouldRefuseAMessageAboveItsLimit() {
        float[] logits = new float[CaravanSerializer.MAX_MESSAGE_BYTES / Float.BYTES];
        TokenChoice choice = new TokenChoice(0, 0, 0, TokenIds.EMPTY, new float[0], logits);
        assertThatThrownBy(() -> serializer.toBinary(new SequenceEvent.Tokens(1, List.of(choice))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Tokens");
        assertThatThrownBy(() -> serializer.fromBinary(new byte[CaravanSerializer.MAX_MESSAGE_BYTES + 1], "1"))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("at most");
    }

    @Test
    void shouldRefuseAnotherFormatByItsName() {
        byte[] bytes = serializer.toBinary(SAMPLES.getFirst());
        assertThatThrownBy(() -> serializer.fromBinary(bytes, "0"))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("format '0' where '1'");
    }

    @Test
    void shouldAnswerDamageWithAClearException() {
        long seed = 99;
        Random random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 5_000; round++) {
            byte[] bytes = serializer.toBinary(SAMPLES.get(round % SAMPLES.size()));
            for (int i = 0; i < 3; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(serializer.fromBinary(bytes, "1")).isInstanceOf(CaravanMessage.class);
            } catch (NotSerializableException e) {
                assertThat(e).hasMessageStartingWith("a damaged message of " + bytes.length);
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ", round " + round + ": " + e, e);
            }
        }
        assertThat(refused).isGreaterThan(500);
    }

    @Test
    void shouldRefuseATruncatedMessageAndOneWithBytesLeftOver() {
        byte[] bytes = serializer.toBinary(SAMPLES.getFirst());
        for (int length = 0; length < bytes.length; length++) {
            byte[] part = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> serializer.fromBinary(part, "1")).isInstanceOf(NotSerializableException.class);
        }
        assertThatThrownBy(() -> serializer.fromBinary(Arrays.copyOf(bytes, bytes.length + 1), "1"))
                .isInstanceOf(NotSerializableException.class)
                .hasMessageContaining("left over");
    }

    private Object roundTrip(CaravanMessage message) {
        try {
            return serializer.fromBinary(serializer.toBinary(message), serializer.manifest(message));
        } catch (IOException e) {
            throw new AssertionError(message.toString(), e);
        }
    }

    /** Every class of this module that is a message and can exist, found in the folder they were compiled into. */
    private static Set<String> messageClasses() throws IOException, URISyntaxException {
        Path root = Path.of(CaravanMessage.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        try (Stream<Path> files = Files.walk(root.resolve("io/caravan/proto"))) {
            return files.map(file -> root.relativize(file).toString())
                    .filter(name -> name.endsWith(".class") && !name.endsWith("-info.class"))
                    .map(name ->
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'))
                    .filter(CaravanSerializerTest::isConcreteMessage)
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static boolean isConcreteMessage(String name) {
        try {
            Class<?> type = Class.forName(name, false, CaravanSerializerTest.class.getClassLoader());
            return CaravanMessage.class.isAssignableFrom(type) && !type.isInterface();
        } catch (ClassNotFoundException e) {
            throw new AssertionError(name, e);
        }
    }
}
