package io.caravan.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.caravan.proto.actor.SchedulerProtocol;
import java.time.Duration;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.pekko.cluster.MemberStatus;
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
            await(START, () -> full(first) == 2 && full(second) == 2);

            first.endCluster();

            await(SOON, () -> members(second) == 1);
        }
    }

    @Test
    void shouldLetAWorkerInSoonThoughAnotherIsGoneThatNobodyMissed() {
        try (var gateway = start("", SchedulerProtocol.ROLE);
                var gone = start(gateway.hostAndPort(), SchedulerProtocol.WORKER_ROLE)) {
            await(START, () -> full(gateway) == 2 && full(gone) == 2);

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
        return statuses(member).count();
    }

    /** Members that were let in: one that still waits for that judges nobody. */
    private static long full(Member member) {
        return statuses(member).filter(MemberStatus.up()::equals).count();
    }

    private static Stream<MemberStatus> statuses(Member member) {
        var members = Cluster.get(member.system()).state().getMembers();
        return StreamSupport.stream(members.spliterator(), false).map(each -> each.status());
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
