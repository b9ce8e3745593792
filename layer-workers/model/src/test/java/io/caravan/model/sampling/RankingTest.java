package io.caravan.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.kernels.LogitKernels;
import io.caravan.kernels.scalar.ScalarLogits;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RankingTest {

    @Test
    void shouldRankAsASortDoes() {
        var random = new Random(3);
        for (int size : new int[] {1, 2, 3, 13, 31, 1000}) {
            float[] scores = new float[size];
            for (int i = 0; i < size; i++) {
                scores[i] = random.nextInt(size); // with ties
            }
            int[] sorted = IntStream.range(0, size)
                    .boxed()
                    .sorted(Comparator.<Integer>comparingDouble(id -> -scores[id])
                            .thenComparing(id -> id))
                    .mapToInt(Integer::intValue)
                    .toArray();
            var ranking = new Ranking(size);
            for (int repeat = 0; repeat < 2; repeat++) {
                ranking.reset(scores);
                IntStream.range(0, size).forEach(ranking::add);
                assertThat(IntStream.range(0, size).map(ranking::at)).containsExactly(box(sorted));
                assertThat(ranking.at(0)).isEqualTo(sorted[0]);
            }
            float[] highest = new float[LogitKernels.blocks(size)];
            new ScalarLogits().highest(highest, scores, size);
            for (int wanted : new int[] {1, Math.min(9, size), size / 2 + 1, size}) {
                ranking.resetToBest(scores, highest, wanted);
                assertThat(ranking.count()).isGreaterThanOrEqualTo(wanted);
                assertThat(IntStream.range(0, wanted).map(ranking::at))
                        .containsExactly(box(IntStream.of(sorted).limit(wanted).toArray()));
            }
        }
    }

    @Test
    void shouldRankOnlyWhatWasAdded() {
        var ranking = new Ranking(4);
        ranking.reset(new float[] {4, 3, Float.NEGATIVE_INFINITY, 1});
        ranking.add(3);
        ranking.add(2);

        assertThat(ranking.count()).isEqualTo(2);
        assertThat(ranking.at(1)).isEqualTo(2);
        assertThat(ranking.at(0)).isEqualTo(3);
    }

    private static Integer[] box(int[] values) {
        return IntStream.of(values).boxed().toArray(Integer[]::new);
    }
}
