package io.caravan.cli.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SideTest {
    @Test
    void shouldLetTheSideWithFewerWorkersYieldThenWithFewerGatewaysThenTheYoungerThenTheHigherAddress() {
        var large = new Side(2, List.of("b"), 0);

        assertThat(new Side(1, List.of("a", "c"), 90_000).yieldsTo(large)).isTrue();
        assertThat(new Side(2, List.of("a", "c"), 0).yieldsTo(large)).isFalse();
        assertThat(new Side(2, List.of("a"), 4_999).yieldsTo(large)).isFalse();
        assertThat(large.yieldsTo(new Side(2, List.of("c"), 5_000))).isTrue();
        assertThat(large.yieldsTo(new Side(2, List.of("a"), 4_999))).isTrue();
    }

    @Test
    void shouldLetExactlyOneOfTwoSidesYield() {
        var random = new SplittableRandom(7);
        for (int i = 0; i < 10_000; i++) {
            var one = side(random, 0);
            var other = side(random, 1);
            assertThat(one.yieldsTo(other)).isNotEqualTo(other.yieldsTo(one));
        }
    }

    /** Gateways of the two have different addresses. */
    private static Side side(SplittableRandom random, int parity) {
        var gateways = new ArrayList<String>();
        for (int n = 0; n <= random.nextInt(3); n++) {
            gateways.add("g" + (2 * random.nextInt(50) + parity));
        }
        return new Side(random.nextInt(3), gateways, random.nextInt(12_000));
    }
}
