package io.caravan.proto.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;
import org.junit.jupiter.api.Test;

class IdleStrategiesTest {
    @Test
    void shouldKnowThreeNames() {
        assertThat(IdleStrategies.named("backoff")).isInstanceOf(DozingIdleStrategy.class);
        assertThat(IdleStrategies.named("yield")).isInstanceOf(YieldingIdleStrategy.class);
        assertThat(IdleStrategies.named("spin")).isInstanceOf(BusySpinIdleStrategy.class);
    }

    @Test
    void shouldRefuseAnotherNameAndSayWhichThereAre() {
        assertThatThrownBy(() -> IdleStrategies.named("sleep"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("idle must be backoff, yield or spin, not 'sleep'");
    }
}
