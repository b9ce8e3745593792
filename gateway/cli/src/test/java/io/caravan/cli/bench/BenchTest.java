package io.caravan.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.cli.cluster.Completion;
import io.caravan.proto.sequence.FinishReason;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchTest {

    @Test
    void shouldShareAStepsTimeAmongTheTokensThatItBrought() {
        var oneByOne = new Completion(List.of(), List.of(100L, 110L, 130L), 0, FinishReason.LENGTH);
        var guessed = new Completion(List.of(), List.of(100L, 100L, 130L, 130L, 130L, 150L), 0, FinishReason.LENGTH);

        assertThat(Bench.gapsNs(List.of(oneByOne, guessed))).containsExactly(10, 20, 10, 10, 10, 20);
        assertThat(Bench.gapsNs(List.of(new Completion(List.of(), List.of(7L), 0, FinishReason.LENGTH))))
                .isEmpty();
    }
}
