package io.caravan.gateway.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.gateway.memory.MemoryBudget.Use;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    private static final long MIB = 1 << 20;
    private static final Duration SOON = Duration.ofMillis(100);

    private final MemoryBudget budget = new MemoryBudget(100 * MIB, new MemoryLimits(0.5, 1, SOON));

    @Test
    void shouldLetAClaimWaitUntilAnotherIsClosed() throws Exception {
        MemoryBudget patient = new MemoryBudget(100 * MIB, new MemoryLimits(0.5, 1, Duration.ofSeconds(30)));
        var first = patient.claim();
        first.await(80 * MIB, Use.READING);
        CompletableFuture<Void> second = patient.claim().grow(60 * MIB, Use.READING);
        assertThat(second).isNotDone();

        first.close();

        second.get(10, TimeUnit.SECONDS);
        assertThat(patient.used()).isEqualTo(60 * MIB);
    }

    @Test
    void shouldRefuseForNowWhoWaitedInVainAndWhoFindsTheQueueFull() {
        budget.claim().await(80 * MIB, Use.READING);
        CompletableFuture<Void> waits = budget.claim().grow(60 * MIB, Use.READING);

        assertThatThrownBy(() -> budget.claim().await(60 * MIB, Use.READING)).satisfies(MemoryBudgetTest::passing);
        assertThat(waits).failsWithin(Duration.ofSeconds(10));
        assertThat(budget.used()).isEqualTo(80 * MIB);
    }

    @Test
    void shouldRefuseForEverWhatIsLargerThanAll() {
        assertThatThrownBy(() -> budget.claim().await(90 * MIB, Use.READING))
                .isInstanceOf(NoRoomException.class)
                .hasMessageContaining("" + 90 * MIB)
                .satisfies(failure ->
                        assertThat(((NoRoomException) failure).passing()).isFalse());
    }

    @Test
    void shouldKeepRoomToReadWhileBodiesComeAndRoomForSmallOnes() {
        budget.claim().await(40 * MIB, Use.ARRIVING);

        assertThat(budget.claim().grow(2 * MIB, Use.ARRIVING)).isNotDone();
        assertThat(budget.claim().grow(MIB, Use.ARRIVING)).isCompleted();
        var reading = budget.claim();
        assertThat(reading.grow(44 * MIB, Use.READING)).isCompleted();
        assertThat(budget.claim().grow(MIB, Use.READING)).isCompleted();
    }

    @Test
    void shouldRefuseAtOnceWhoCannotWait() {
        var first = budget.claim();
        first.growNow(39 * MIB, Use.ARRIVING);
        var second = budget.claim();
        second.growNow(MIB, Use.ARRIVING);
        assertThatThrownBy(() -> second.growNow(MIB, Use.ARRIVING)).satisfies(MemoryBudgetTest::passing);
        assertThatThrownBy(() -> first.growNow(2 * MIB, Use.ARRIVING))
                .isInstanceOfSatisfying(
                        NoRoomException.class,
                        never -> assertThat(never.passing()).isFalse());
        first.close();
        second.growNow(MIB, Use.ARRIVING);
        assertThat(budget.used()).isEqualTo(2 * MIB);
    }

    @Test
    void shouldGiveNothingToWhoHasGone() {
        var gone = budget.claim();
        gone.close();
        gone.growNow(MIB, Use.ARRIVING);
        gone.await(MIB, Use.ARRIVING);
        assertThat(budget.used()).isZero();
    }

    @Test
    void shouldGiveBackWhatIsNotNeededAndAllAtTheEnd() {
        var claim = budget.claim();
        claim.await(50 * MIB, Use.READING);
        claim.shrinkTo(20 * MIB);
        assertThat(budget.used()).isEqualTo(20 * MIB);
        claim.close();
        claim.close();
        assertThat(budget.used()).isZero();
    }

    @Test
    void shouldGrantNothingToWhoHasGoneMeanwhile() {
        var first = budget.claim();
        first.await(80 * MIB, Use.READING);
        var gone = budget.claim();
        CompletableFuture<Void> wish = gone.grow(60 * MIB, Use.READING);
        gone.close();

        first.close();

        assertThat(wish).isDone();
        assertThat(budget.used()).isZero();
    }

    private static void passing(Throwable failure) {
        assertThat(((NoRoomException) failure).passing()).isTrue();
    }
}
