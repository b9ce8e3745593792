package io.caravan.cli.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AcquaintancesTest {
    private final Acquaintances known = new Acquaintances(List.of("seed"), 2);

    @Test
    void shouldKeepItsSeedsAndTheGatewaysThatItMetLast() {
        known.meet(List.of("a", "b"));
        known.meet(List.of("a", "seed"));
        known.meet(List.of("c"));

        assertThat(known.all()).containsExactly("seed", "c", "a");
        assertThat(known.toJoin()).isEqualTo(known.all());
    }

    @Test
    void shouldPreferWhomItWasSentToUntilItIsAMember() {
        known.meet(List.of("a"));
        known.prefer(List.of("b"));
        assertThat(known.toJoin()).containsExactly("b");
        assertThat(known.wasMember()).isFalse();

        known.joined();

        assertThat(known.toJoin()).containsExactly("seed", "b", "a");
        assertThat(known.wasMember()).isTrue();
    }
}
