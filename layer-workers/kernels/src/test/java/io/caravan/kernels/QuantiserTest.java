package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.kernels.nativelib.NativeQuantiser;
import io.caravan.kernels.quant.StoredFloats;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The library's blocks are those of the definition, byte for byte. */
class QuantiserTest {
    private static final int ELEMENTS = 256 * 200;

    private final Random random = new Random(5);

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    void shouldStoreWhatTheDefinitionStores(TensorType type) {
        assertThat(NativeQuantiser.writes(type)).isTrue();
        same(type, i -> random.nextGaussian());
        same(type, i -> random.nextGaussian() * Math.pow(10, i / 256 % 60 - 45));
        same(type, i -> Math.pow(random.nextDouble(-1, 1), 5));
        same(type, i -> random.nextDouble(0.5, 1)); // on one side of zero
        same(type, i -> random.nextDouble(-1, -0.999));
        same(type, i -> i / 16 % 3 == 0 ? 0 : random.nextInt(-8, 8)); // many ties
        same(type, i -> i / 32 % 2 == 0 ? -0.0 : 1);
        same(type, i -> 0);
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q6_K"})
    void shouldLeaveToTheDefinitionWhatIsNoNumberOrOfNoUsualSize(TensorType type) {
        double[] odd = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 3e38, -2e-38, 1e-45, 1e-40};
        same(type, i -> random.nextInt(500) == 0 ? odd[random.nextInt(odd.length)] : random.nextGaussian());
        same(type, i -> random.nextInt(100) == 0 ? odd[4 + random.nextInt(3)] : 0);
    }

    private void same(TensorType type, IntToDoubleFunction element) {
        var source = new float[ELEMENTS];
        for (var i = 0; i < ELEMENTS; i++) {
            source[i] = (float) element.applyAsDouble(i);
        }
        var bytes = type.bytes(ELEMENTS);
        try (var arena = Arena.ofConfined()) {
            var expected = arena.allocate(bytes + 2);
            var actual = arena.allocate(bytes + 2);
            StoredFloats.write(type, source, expected, 2);
            Quantiser.write(type, source, actual, 2);
            assertThat(actual.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected.toArray(ValueLayout.JAVA_BYTE));
        }
    }
}
