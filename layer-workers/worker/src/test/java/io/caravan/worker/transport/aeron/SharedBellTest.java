package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedBellTest {
    private static final long LONG_NS = Duration.ofSeconds(30).toNanos();

    @TempDir
    private Path folder;

    private SharedBell bell;
    private SharedBell rung; // as another process has it

    @BeforeEach
    void open() {
        var file = folder.resolve("bells").resolve("7");
        var created = SharedBell.create(file);
        assumeThat(created).as("this system has a futex").isPresent();
        bell = created.get();
        rung = SharedBell.find(file).orElseThrow();
    }

    @Test
    void shouldEndASleepThatGoesOn() throws Exception {
        var asleep = new CountDownLatch(1);
        var sleeper = new Thread(() -> {
            asleep.countDown();
            bell.sleep(LONG_NS);
        });
        sleeper.start();
        asleep.await();

        rung.wake();

        assertThat(sleeper.join(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void shouldNotSleepWhenItWasRungBefore() {
        rung.wake();
        rung.wake();

        long began = System.nanoTime();
        bell.sleep(LONG_NS);

        assertThat(System.nanoTime() - began).isLessThan(LONG_NS / 2);
    }

    @Test
    void shouldSleepForTheWholeTimeWhereNobodyRings() {
        bell.wake();
        bell.sleep(LONG_NS);

        long began = System.nanoTime();
        for (int i = 0; i < 5; i++) {
            bell.sleep(Duration.ofMillis(20).toNanos());
        }

        assertThat(System.nanoTime() - began)
                .isGreaterThan(Duration.ofMillis(60).toNanos());
    }

    @Test
    void shouldLoseNoRingOfMany() throws Exception {
        int rounds = 20_000;
        var back = SharedBell.create(folder.resolve("bells").resolve("8")).orElseThrow();
        var echo = new Thread(() -> {
            for (int i = 0; i < rounds; i++) {
                bell.sleep(LONG_NS);
                back.wake();
            }
        });
        echo.start();

        for (int i = 0; i < rounds; i++) {
            rung.wake();
            back.sleep(LONG_NS);
        }

        assertThat(echo.join(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void shouldNotBeFoundWhereThereIsNoneAnyMore() {
        bell.close();

        assertThat(SharedBell.find(folder.resolve("bells").resolve("7"))).isEmpty();
        rung.wake();
    }
}
