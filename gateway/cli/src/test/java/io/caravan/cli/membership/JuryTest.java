package io.caravan.cli.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class JuryTest {
    private static final long SECOND = 1_000_000_000L;
    private static final MembershipSettings PATIENCE = new MembershipSettings(
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(3),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            32,
            Duration.ofMillis(100),
            Duration.ofSeconds(5));

    private final Jury jury = new Jury(PATIENCE, false);

    private static Peer gateway(String address, boolean older, boolean unreachable) {
        return new Peer(address, 1, true, older, false, unreachable);
    }

    private static Peer worker(String address, boolean unreachable) {
        return new Peer(address, 1, false, true, false, unreachable);
    }

    private List<Verdict> dead(long nowNs) {
        return jury.verdicts(true, nowNs);
    }

    @Test
    void shouldTakeAGatewayForDeadAtOnceWhosePortRefuses() {
        jury.observe(List.of(gateway("a", true, false)), 0);
        assertThat(jury.toProbe(true, SECOND - 1)).isEmpty();
        assertThat(jury.toProbe(true, SECOND)).containsExactly(gateway("a", true, false));
        assertThat(jury.toProbe(true, SECOND + 1)).as("one try at a time").isEmpty();
        assertThat(dead(SECOND)).isEmpty();

        jury.refused("a", 1);

        assertThat(dead(SECOND))
                .containsExactly(new Verdict.Dead(gateway("a", true, false), "its process is gone", false));
    }

    @Test
    void shouldNotTryThePortOfOneThatAnswers() {
        jury.observe(List.of(gateway("a", true, false)), 0);
        jury.heard("a", 1, SECOND);

        assertThat(jury.toProbe(true, 2 * SECOND - 1)).isEmpty();
    }

    @Test
    void shouldTakeAGatewayForDeadAtWhoseAddressAnotherProcessAnswers() {
        jury.observe(List.of(gateway("a", true, false)), 0);

        jury.heard("a", 2, 1);

        assertThat(dead(1)).singleElement().asString().contains("started anew");
    }

    @Test
    void shouldJudgeAProcessOnceAndTheNextOneAtItsAddressByItself() {
        jury.observe(List.of(gateway("a", true, false)), 0);
        jury.refused("a", 1);
        assertThat(dead(1)).hasSize(1);
        assertThat(dead(2)).as("the cluster is slow to listen").isEmpty();

        jury.observe(List.of(new Peer("a", 2, true, false, false, false)), 3);
        assertThat(dead(3)).isEmpty();
        jury.refused("a", 2);
        assertThat(dead(4)).hasSize(1);
    }

    @Test
    void shouldNotBlameANewProcessForWhatWasFoundOfTheOneBefore() {
        jury.observe(List.of(gateway("a", true, false)), 0);
        jury.observe(List.of(new Peer("a", 2, true, false, false, false)), 1);

        jury.refused("a", 1);

        assertThat(dead(2)).isEmpty();
    }

    @Test
    void shouldWaitForAStableTimeWhereAMemberIsOnlySilent() {
        jury.observe(List.of(worker("w", false)), 0);
        jury.observe(List.of(worker("w", true)), 100 * SECOND);

        assertThat(dead(103 * SECOND - 1)).isEmpty();
        assertThat(dead(103 * SECOND))
                .containsExactly(new Verdict.Dead(worker("w", true), "it has been silent for too long", true));
    }

    @Test
    void shouldLetTheYoungerOfTwoGatewaysWaitTwiceAsLong() {
        jury.observe(List.of(gateway("old", true, true), gateway("young", false, true)), 0);

        assertThat(dead(3 * SECOND)).singleElement().asString().contains("young");
        assertThat(dead(6 * SECOND)).singleElement().asString().contains("old");
    }

    @Test
    void shouldBearAMemberThatAnswersAlthoughOthersCannotReachItForAWhileOnly() {
        jury.observe(List.of(worker("w", true)), 0);
        for (long nowNs = 0; nowNs < 60 * SECOND; nowNs += SECOND) {
            jury.heard("w", 1, nowNs);
            assertThat(dead(nowNs)).isEmpty();
        }

        assertThat(dead(60 * SECOND)).singleElement().asString().contains("other members cannot reach it");
    }

    @Test
    void shouldForgetSilenceThatEnded() {
        jury.observe(List.of(worker("w", true)), 0);
        jury.observe(List.of(worker("w", false)), 2 * SECOND);
        jury.observe(List.of(worker("w", true)), 10 * SECOND);

        assertThat(dead(12 * SECOND)).isEmpty();
    }

    @Test
    void shouldGiveAWorkerNoVoteOverOthers() {
        jury.observe(List.of(gateway("a", true, false), worker("w", true)), 0);

        assertThat(jury.verdicts(false, 1000 * SECOND)).isEmpty();
        assertThat(jury.toAsk(false, SECOND)).extracting(Peer::address).containsExactly("a");
    }

    @Test
    void shouldAskEverybodyWhereAMemberWaitsLongToBeLetIn() {
        var joining = new Peer("new", 1, false, false, true, false);
        jury.observe(List.of(worker("gone", false), joining), 0);
        assertThat(jury.toAsk(true, SECOND - 1)).isEmpty();
        assertThat(jury.toAsk(false, SECOND)).as("by one without a vote").isEmpty();
        assertThat(jury.toAsk(true, SECOND)).extracting(Peer::address).containsExactlyInAnyOrder("gone", "new");
        assertThat(jury.toProbe(true, SECOND)).extracting(Peer::address).contains("gone");

        jury.refused("gone", 1);
        assertThat(dead(SECOND)).singleElement().asString().contains("gone").contains("its process is gone");

        jury.observe(List.of(worker("new", false)), 2 * SECOND);
        assertThat(jury.toAsk(true, 9 * SECOND)).isEmpty();
    }

    @Test
    void shouldEndAWorkersMembershipOnceNoGatewayIsLeft() {
        jury.observe(
                List.of(gateway("pekko://caravan@a:1", true, false), gateway("pekko://caravan@b:2", true, true)), 0);
        jury.refused("pekko://caravan@a:1", 1);
        assertThat(jury.verdicts(false, 9 * SECOND - 1))
                .as("the other may live")
                .isEmpty();

        assertThat(jury.verdicts(false, 9 * SECOND))
                .singleElement()
                .asString()
                .contains("no gateway is left")
                .contains("a:1")
                .contains("b:2");
    }

    @Test
    void shouldEndAWorkersMembershipWhereItsGatewaysLeft() {
        jury.observe(List.of(gateway("a", true, false)), 0);
        jury.observe(List.of(worker("w", false)), 1);

        assertThat(jury.verdicts(false, 1)).containsExactly(new Verdict.Lost("its gateways have left"));
    }

    @Test
    void shouldKeepAWorkerWhereTheNextGatewayWillFindIt() {
        var awaiting = new Jury(PATIENCE, true);
        awaiting.observe(List.of(gateway("a", true, false)), 0);
        awaiting.observe(List.of(worker("w", false)), 1);

        assertThat(awaiting.verdicts(false, 1000 * SECOND)).isEmpty();
    }

    @Test
    void shouldLetAWorkerWaitForItsFirstGateway() {
        jury.observe(List.of(worker("w", false)), 0);

        assertThat(jury.verdicts(false, 1000 * SECOND)).isEmpty();
    }
}
