package io.caravan.worker.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    private static final Duration LONGEST = Duration.ofSeconds(5);
    private static final long MIB = 1 << 20;

    private final MemoryBudget budget = new MemoryBudget(10 * MIB);

    @Test
    void shouldGiveOutWhatItHasAndTakeItBackOnce() throws InterruptedException {
        var six = budget.reserve(6 * MIB, LONGEST);
        assertThat(six.bytes()).isEqualTo(6 * MIB);
        assertThat(budget.freeBytes()).isEqualTo(4 * MIB);
        six.close();
        six.close();
        assertThat(budget.freeBytes()).isEqualTo(budget.totalBytes());
    }

    @Test
    void shouldRefuseAtOnceWhatCanNeverFit() {
        assertThatThrownBy(() -> budget.reserve(11 * MIB, LONGEST))
                .isInstanceOf(StageRefusedException.class)
                .hasMessageContaining("needs 11 MiB, but 10 MiB of the 10 MiB");
    }

    @Test
    void shouldRefuseWhatIsNotGivenBackInTime() throws InterruptedException {
        budget.reserve(6 * MIB, LONGEST);
        assertThatThrownBy(() -> budget.reserve(6 * MIB, Duration.ofMillis(20)))
                .isInstanceOf(StageRefusedException.class)
                .hasMessageContaining("needs 6 MiB, but 4 MiB of the 10 MiB");
    }

    @Test
    void shouldWaitForWhatAnotherGivesBack() throws Exception {
        var six = budget.reserve(6 * MIB, LONGEST);
        var second = CompletableFuture.supplyAsync(() -> {
            try {
                return budget.reserve(7 * MIB, LONGEST);
            } catch (InterruptedException ended) {
                throw new CompletionException(ended);
            }
        });
        six.close();

        assertThat(second.get(5, TimeUnit.SECONDS).bytes()).isEqualTo(7 * MIB);
        assertThat(budget.freeBytes()).isEqualTo(3 * MIB);
    }

    @Test
    void shouldGiveBackWhatIsTooMuchAndTakeWhatIsMissing() throws InterruptedException {
        var held = budget.reserve(6 * MIB, LONGEST);
        held.resize(2 * MIB, LONGEST);
        assertThat(budget.freeBytes()).isEqualTo(8 * MIB);
        held.resize(9 * MIB, LONGEST);
        assertThat(held.bytes()).isEqualTo(9 * MIB);
        assertThatThrownBy(() -> held.resize(11 * MIB, LONGEST)).isInstanceOf(StageRefusedException.class);
        assertThat(budget.freeBytes()).isEqualTo(MIB);
        held.close();
        assertThat(budget.freeBytes()).isEqualTo(budget.totalBytes());
    }
}
