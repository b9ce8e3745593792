package io.caravan.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class PercentilesTest {

    @Test
    void shouldTakeTheNearestRank() {
        var percentiles = new Percentiles(LongStream.rangeClosed(1, 200).toArray());

        assertThat(percentiles.of(50)).isEqualTo(100);
        assertThat(percentiles.of(99)).isEqualTo(198);
        assertThat(percentiles.of(100)).isEqualTo(200);
    }

    @Test
    void shouldTellNothingOfNoSamples() {
        assertThat(new Percentiles(new long[0]).of(50)).isNaN();
    }
}
