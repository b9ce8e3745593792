package io.caravan.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.caravan.proto.actor.SchedulerProtocol;
import java.time.Duration;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.StreamSupport;
import org.apache.pekko.cluster.typed.Cluster;
import org.junit.jupiter.api.Test;

/** With the failure detector's usual patience, which is longer than all that is waited for here. */
class GoneMemberTest {
    private static final Duration START = Duration.ofSeconds(30);
    private static final Duration SOON = Duration.ofSeconds(8);

    @Test
    void shouldGoOnSoonWithoutAGatewayWhoseProcessIsGone() {
        try (var first = start("", SchedulerProtocol.ROLE);
                var second = start(first.hostAndPort(), SchedulerProtocol.ROLE)) {
            await(START, () -> members(first) == 2 && members(second) == 2);

            first.endCluster();

            await(SOON, () -> members(second) == 1);
        }
    }

    @Test
    void shouldLetAWorkerInSoonThoughAnotherIsGoneThatNobodyMissed() {
        try (var gateway = start("", SchedulerProtocol.ROLE);
                var gone = start(gateway.hostAndPort(), SchedulerProtocol.WORKER_ROLE)) {
            await(START, () -> members(gateway) == 2);

            gone.endCluster();
            try (var next = start(gateway.hostAndPort(), SchedulerProtocol.WORKER_ROLE)) {
                await(SOON, () -> next.agreed().toCompletableFuture().isDone());
                await(SOON, () -> members(gateway) == 2);
            }
        }
    }

    private static Member start(String seed, String role) {
        var settings = seed.isEmpty() ? "" : "caravan.cluster.seeds = [\"" + seed + "\"]";
        return Member.start(
                MemberAddress.decide(ConfigFactory.load(ConfigFactory.parseString(settings)
                        .withFallback(ConfigFactory.parseResources("caravan-cluster.conf")))),
                Set.of(role));
    }

    private static long members(Member member) {
        var members = Cluster.get(member.system()).state().getMembers();
        return StreamSupport.stream(members.spliterator(), false).count();
    }

    private static void await(Duration longest, BooleanSupplier condition) {
        long deadlineNs = System.nanoTime() + longest.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadlineNs).as("within %s", longest).isNegative();
            try {
                Thread.sleep(20);
            } catch (InterruptedException ended) {
                throw new AssertionError("interrupted", ended);
            }
        }
    }
}
