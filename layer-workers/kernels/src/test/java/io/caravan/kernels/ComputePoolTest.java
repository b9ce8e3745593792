package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ComputePoolTest {

    @Test
    void shouldComputeEveryPartExactlyOnceInEveryCall() {
        try (var pool = new ComputePool("test", 3, CpuList.ANY)) {
            for (var call = 0; call < 2000; call++) {
                var partCount = call % 17;
                var counts = new AtomicIntegerArray(partCount);
                pool.run(partCount, (thread, part) -> counts.incrementAndGet(part));
                for (var part = 0; part < partCount; part++) {
                    assertThat(counts.get(part)).isEqualTo(1);
                }
            }
        }
    }

    @Test
    void shouldLetOtherThreadsTakeTheRestWhileOneIsHeldUp() {
        try (var pool = new ComputePool("test", 2, CpuList.ANY)) {
            var others = new CountDownLatch(9);
            var heldUp = new AtomicInteger();
            pool.run(10, (thread, part) -> {
                if (part == 0) {
                    assertThat(awaitWithin10s(others)).isTrue();
                    heldUp.incrementAndGet();
                } else {
                    others.countDown();
                }
            });
            assertThat(heldUp).hasValue(1);
        }
    }

    @Test
    void shouldThrowWhatAPartThrewAndStayUsable() {
        try (var pool = new ComputePool("test", 2, CpuList.ANY)) {
            assertThatThrownBy(() -> pool.run(8, (thread, part) -> {
                        if (part == 5) {
                            throw new IllegalArgumentException("part five");
                        }
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("part five");
            var sum = new AtomicInteger();
            pool.run(8, (thread, part) -> sum.addAndGet(part));
            assertThat(sum).hasValue(28);
        }
    }

    @Test
    void shouldGiveEachThreadItsOwnNumber() {
        try (var pool = new ComputePool("test", 3, CpuList.ANY)) {
            var threads = new ConcurrentHashMap<Integer, Thread>();
            for (var call = 0; call < 200; call++) {
                pool.run(64, (thread, part) -> {
                    var before = threads.putIfAbsent(thread, Thread.currentThread());
                    assertThat(before == null || before == Thread.currentThread())
                            .isTrue();
                });
            }
            assertThat(threads.get(0)).isSameAs(Thread.currentThread());
        }
    }

    @Test
    void shouldRefuseASecondCallFromInsideACall() {
        try (var pool = new ComputePool("test", 2, CpuList.ANY)) {
            assertThatThrownBy(() -> pool.run(2, (thread, part) -> pool.run(2, (t, p) -> {})))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("one thread at a time");
        }
    }

    @Test
    void shouldJoinItsThreadsAndRefuseWorkOnceClosed() {
        var pool = new ComputePool("joined", 3, CpuList.ANY);
        pool.close();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("joined"));
        assertThatThrownBy(() -> pool.run(1, (thread, part) -> {})).isInstanceOf(IllegalStateException.class);
    }

    private static boolean awaitWithin10s(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
