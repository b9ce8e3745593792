package io.caravan.cli.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RestartPolicyTest {

    @Test
    void shouldDoubleTheDelayUpToTheLastOneAndStayThere() {
        var policy = new RestartPolicy(true, Duration.ofMillis(250), Duration.ofSeconds(1), Duration.ofSeconds(30));

        assertThat(IntStream.of(1, 2, 3, 4, 5, 1_000_000).mapToObj(policy::delay))
                .extracting(Duration::toMillis)
                .containsExactly(250L, 500L, 1000L, 1000L, 1000L, 1000L);
    }
}
