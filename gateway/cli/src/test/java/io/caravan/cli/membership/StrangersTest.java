package io.caravan.cli.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StrangersTest {
    private static final Side SMALL = new Side(1, List.of("a"), 0);
    private static final Side LARGE = new Side(2, List.of("b"), 0);

    private final Strangers strangers = new Strangers();

    @Test
    void shouldJoinTheLargerSideWhoseGatewayAcceptsConnectionsAndSaysNothing() {
        strangers.parted("b", SMALL, LARGE);
        assertThat(strangers.returned(3, 100)).as("its port is shut").isEmpty();

        strangers.accepts("b", 100);

        assertThat(strangers.returned(3, 102)).isEmpty();
        assertThat(strangers.returned(3, 103)).contains("b");
    }

    @Test
    void shouldStayWhereThisSideIsTheLarger() {
        strangers.parted("a", LARGE, SMALL);
        strangers.accepts("a", 0);

        assertThat(strangers.returned(3, 1_000)).isEmpty();
    }

    @Test
    void shouldNotGuessWhereItCanBeSpokenTo() {
        strangers.parted("b", SMALL, LARGE);
        strangers.accepts("b", 0);
        strangers.heard("b");
        strangers.accepts("b", 1);

        assertThat(strangers.returned(3, 1_000)).isEmpty();
    }

    @Test
    void shouldNotTakeAnyProcessThatIsSilentForOneThatCameBack() {
        strangers.accepts("other", 0);

        assertThat(strangers.returned(3, 1_000)).isEmpty();
    }

    @Test
    void shouldTryAPortOnceAtATime() {
        assertThat(strangers.beginProbe("b")).isTrue();
        assertThat(strangers.beginProbe("b")).isFalse();
        strangers.doesNotAccept("b");
        assertThat(strangers.beginProbe("b")).isTrue();
    }
}
