package io.caravan.cli.address;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NoticesTest {
    @Test
    void shouldTellEverMoreSeldomButNeverStop() {
        var notices = new Notices(Duration.ofSeconds(2), Duration.ofSeconds(30), 0);

        assertThat(IntStream.range(0, 125)
                        .filter(second -> notices.due(Duration.ofSeconds(second).toNanos())))
                .containsExactly(2, 6, 14, 30, 60, 90, 120);
    }
}
