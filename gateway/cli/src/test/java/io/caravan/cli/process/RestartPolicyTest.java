package io.caravan.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RestartPolicyTest {

    @Test
    void shouldDoubleTheDelayUpToTheLastOneAndThenGiveUp() {
        var policy = new RestartPolicy(5, Duration.ofMillis(250), Duration.ofSeconds(1), Duration.ofSeconds(30));

        assertThat(IntStream.rangeClosed(1, 6).mapToObj(policy::delay))
                .extracting(delay -> delay.map(Duration::toMillis).orElse(-1L))
                .containsExactly(250L, 500L, 1000L, 1000L, 1000L, -1L);
    }

    @Test
    void shouldNeverRestart() {
        assertThat(RestartPolicy.NEVER.delay(1)).isEmpty();
    }
}
