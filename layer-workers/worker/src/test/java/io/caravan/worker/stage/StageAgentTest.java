package io.caravan.worker.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.caravan.proto.frame.ActivationFrame;
import io.caravan.proto.frame.FrameHeader;
import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.frame.StepResultFrame;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.MemoryLinks;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLinks;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.NanoClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StageAgentTest {
    private static final int QUEUE_FRAMES = 2;
    private static final long EPOCH = 5;
    private static final int MAX_CYCLES = 100;

    private final MemoryLinks links = new MemoryLinks(QUEUE_FRAMES);
    private final StageInbox results = links.openInbox();
    private final ManualClock clock = new ManualClock();
    private final List<StepResult> received = new ArrayList<>();

    @AfterEach
    void closeLinks() {
        links.close();
    }

    @Test
    void shouldAnswerAPlanWithAResultWhereTheStageIsAlone() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 1, 3, 4));
        only.work();

        StepResult result = onlyResult();
        assertThat(result.epoch()).isEqualTo(EPOCH);
        assertThat(result.step()).isEqualTo(1);
        assertThat(result.tokens()).hasSize(1);
        assertThat(result.tokens().getFirst().sequenceId()).isEqualTo(7);
        assertThat(result.tokens().getFirst().choice().token()).isEqualTo(14);
        assertThat(result.tokens().getFirst().choice().position()).isEqualTo(2);
    }

    @Test
    void shouldPassHiddenStatesOnAndAddItsTimingToThoseBefore() {
        var first = new Stage(0, 2);
        var last = new Stage(1, 2);
        last.connect(EPOCH, results.endpoint());
        first.connect(EPOCH, last.endpoint());
        first.send(Stages.plan(EPOCH, 1, 3, 4));
        clock.advance(1_000);
        first.work();
        clock.advance(200);
        last.work();

        StepResult result = onlyResult();
        assertThat(result.tokens().getFirst().choice().token()).isEqualTo(24);
        assertThat(result.timings())
                .containsExactly(new StageTiming(0, 1_000, 1_000, 0), new StageTiming(1, 200, 1_200, 0));
        assertThat(first.counters().stepCount()).isEqualTo(1);
        assertThat(last.counters().idleNs()).isEqualTo(1_200);
    }

    @Test
    void shouldDropHiddenStatesOfAnotherTypeThanThePipelines() {
        var last = new Stage(1, 2);
        last.connect(EPOCH, results.endpoint());
        last.sendHidden(Stages.plan(EPOCH, 1, 3, 4), TensorType.BF16, 2 * Short.BYTES);
        last.sendHidden(Stages.plan(EPOCH, 2, 3, 4), TensorType.F32, 4 * Float.BYTES);
        last.work();
        assertThat(results()).isEmpty();
        assertThat(last.counters().invalidCount()).isEqualTo(2);

        last.sendHidden(Stages.plan(EPOCH, 3, 3, 4), TensorType.F32, 2 * Float.BYTES);
        last.work();
        assertThat(onlyResult().step()).isEqualTo(3);
    }

    @Test
    void shouldNotReportAHopBelowZeroWhenClocksDisagree() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        clock.advance(1_000);
        only.send(Stages.plan(EPOCH, 1, 1));
        clock.advance(-400);
        only.work();

        assertThat(onlyResult().timings().getFirst().hopNs()).isZero();
    }

    @Test
    void shouldDropPlansOfOtherEpochsAndRepeats() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH - 1, 1, 1));
        only.send(Stages.plan(EPOCH + 1, 1, 1));
        only.work();
        only.send(Stages.plan(EPOCH, 1, 1));
        only.send(Stages.plan(EPOCH, 1, 1));
        only.work();

        assertThat(results()).hasSize(1);
        assertThat(only.counters().staleCount()).isEqualTo(3);
    }

    @Test
    void shouldTakeNothingBeforeItIsConnected() {
        var only = new Stage(0, 1);
        only.send(Stages.plan(EPOCH, 1, 1));
        only.work();
        only.connect(EPOCH, results.endpoint());
        only.work();

        assertThat(results()).isEmpty();
        assertThat(only.counters().staleCount()).isEqualTo(1);
    }

    @Test
    void shouldStartCountingStepsAnewInANewEpoch() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 9, 1));
        only.work();
        only.connect(EPOCH + 1, results.endpoint());
        only.send(Stages.plan(EPOCH + 1, 1, 1));
        only.work();

        assertThat(results()).extracting(StepResult::step).containsExactly(9L, 1L);
        assertThat(only.counters().stepCount()).isEqualTo(1);
    }

    @Test
    void shouldKeepAFrameWhileTheNextStageIsBehindAndTakeNoOther() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        links.hold(results.endpoint());
        for (int step = 1; step <= QUEUE_FRAMES + 1; step++) {
            only.send(Stages.plan(EPOCH, step, step));
            only.work();
        }
        only.send(Stages.plan(EPOCH, QUEUE_FRAMES + 2, 1));
        only.work();

        assertThat(only.counters().stepCount())
                .as("one more than the queue takes is computed, the next is not")
                .isEqualTo(QUEUE_FRAMES + 1);

        links.release(results.endpoint());
        assertThat(results()).hasSize(QUEUE_FRAMES);
        only.work();
        assertThat(results()).extracting(StepResult::step).containsExactly(3L, 4L);
    }

    @Test
    void shouldForgetTheFrameThatWaitsWhenAnEpochEnds() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, new LinkEndpoint("nobody", 0, 99, "nobody"));
        only.send(Stages.plan(EPOCH, 1, 1));
        only.work();
        only.connect(EPOCH + 1, results.endpoint());
        only.send(Stages.plan(EPOCH + 1, 1, 2));
        only.work();

        StepResult result = onlyResult();
        assertThat(result.epoch()).isEqualTo(EPOCH + 1);
        assertThat(result.tokens().getFirst().choice().token()).isEqualTo(12);
    }

    @Test
    void shouldKeepTheFrameThatWaitsWhenAConnectIsRepeated() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        links.hold(results.endpoint());
        for (int step = 1; step <= QUEUE_FRAMES + 1; step++) {
            only.send(Stages.plan(EPOCH, step, 1));
            only.work();
        }
        only.connect(EPOCH, results.endpoint());
        links.release(results.endpoint());
        assertThat(results()).hasSize(QUEUE_FRAMES);
        only.work();

        assertThat(results()).hasSize(1);
        assertThat(only.events()).containsExactly("serving 5", "serving 5");
    }

    @Test
    void shouldTakeNothingOnceHeldUntilConnectedAgain() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.proxy.hold();
        only.send(Stages.plan(EPOCH, 1, 1));
        only.work();

        assertThat(results()).isEmpty();
        only.connect(EPOCH + 1, results.endpoint());
        only.send(Stages.plan(EPOCH + 1, 1, 1));
        only.work();
        assertThat(results()).hasSize(1);
    }

    @Test
    void shouldCountAResultAsLostWhenItsLinkClosed() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 1, 1));
        links.close();
        only.agent.onFrame(only.frame, 0, only.frameBytes);
        only.agent.doWork();

        assertThat(only.counters().lostCount()).isEqualTo(1);
        assertThat(only.outlet.isPending()).isFalse();
    }

    @Test
    void shouldFinishWhatHasArrivedBeforeItIsDrained() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 1, 1));
        only.send(Stages.plan(EPOCH, 2, 1));
        only.proxy.drain();
        only.agent.doWork();
        assertThat(only.events()).containsExactly("serving 5");

        only.work();
        assertThat(only.events()).containsExactly("serving 5", "drained 5");
        assertThat(results()).hasSize(2);

        only.send(Stages.plan(EPOCH, 3, 1));
        only.work();
        assertThat(results()).isEmpty();
    }

    @Test
    void shouldNotBeDrainedWhileAFrameWaitsForTheNextStage() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, new LinkEndpoint("nobody", 0, 99, "nobody"));
        only.send(Stages.plan(EPOCH, 1, 1));
        only.proxy.drain();
        only.work();

        assertThat(only.events()).containsExactly("serving 5");
    }

    @Test
    void shouldLeaveASequenceOutOnTheStageThatCannotComputeItAndComputeTheOthers() {
        int unfitForTheSecond = FakeCompute.UNFIT_TOKEN + 1;
        StepPlan plan = Stages.together(
                EPOCH,
                1,
                Stages.slice(1, 3, 4),
                Stages.slice(2, 8, FakeCompute.UNFIT_TOKEN),
                Stages.slice(3, unfitForTheSecond, 9),
                Stages.slice(4, 5));
        StepResult result = throughThreeStages(plan);

        assertThat(result.tokens())
                .extracting(
                        StepResult.Chosen::sequenceId, chosen -> chosen.choice().token())
                .containsExactly(tuple(1L, 34), tuple(4L, 35));
        assertThat(result.faults())
                .containsExactly(
                        new SequenceFault(2, "token 666 is not in the vocabulary"),
                        new SequenceFault(3, "token 667 is not in the vocabulary"));
        assertThat(result.timings()).hasSize(3);
    }

    @Test
    void shouldWaitToBeToldAgainWhereThereIsNoRoomForALink() {
        var refusals = new AtomicInteger(1);
        var only = new Stage(0, 1, target -> {
            if (refusals.getAndDecrement() > 0) {
                throw new IllegalStateException("no space left");
            }
            return links.connect(target);
        });
        only.connect(EPOCH, results.endpoint());
        assertThat(only.events()).isEmpty();
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 1, 1));
        only.work();

        assertThat(only.events()).containsExactly("serving 5");
        assertThat(onlyResult().step()).isEqualTo(1);
    }

    @Test
    void shouldPassAStepOnOfWhichNoSequenceIsLeft() {
        StepResult result = throughThreeStages(Stages.together(EPOCH, 1, Stages.slice(2, FakeCompute.UNFIT_TOKEN)));

        assertThat(result.tokens()).isEmpty();
        assertThat(result.faults()).extracting(SequenceFault::sequenceId).containsExactly(2L);
        assertThat(result.timings()).hasSize(3);
    }

    @Test
    void shouldReportASequenceWhoseLogitsAreNotNumbers() {
        StepResult result = throughThreeStages(Stages.together(
                EPOCH, 1, Stages.slice(1, 3), Stages.slice(2, FakeCompute.NAN_TOKEN), Stages.slice(3, 4)));

        assertThat(result.tokens()).extracting(StepResult.Chosen::sequenceId).containsExactly(1L, 3L);
        assertThat(result.faults()).containsExactly(new SequenceFault(2, "the logits are not numbers"));
    }

    private StepResult throughThreeStages(StepPlan plan) {
        var first = new Stage(0, 3);
        var middle = new Stage(1, 3);
        var last = new Stage(2, 3);
        last.connect(EPOCH, results.endpoint());
        middle.connect(EPOCH, last.endpoint());
        first.connect(EPOCH, middle.endpoint());
        first.send(plan);
        first.work();
        middle.work();
        last.work();
        return onlyResult();
    }

    @Test
    void shouldReportAPlanThatDoesNotFitAtOnceAndGoOn() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 2, new int[FakeCompute.MAX_ROWS + 1]));
        only.work();
        only.send(Stages.plan(EPOCH, 3, 1));
        only.work();

        assertThat(onlyResult().step()).isEqualTo(3);
        assertThat(only.events())
                .containsExactly("serving 5", "step 2 of 5: 9 rows, where the stage was loaded for at most 8");
        assertThat(only.counters().invalidCount()).isEqualTo(1);
    }

    @Test
    void shouldReportAFrameOfTheWrongKindAtOnce() {
        var last = new Stage(1, 2);
        last.connect(EPOCH, results.endpoint());
        last.send(Stages.plan(EPOCH, 1, 1));
        last.work();

        assertThat(results()).isEmpty();
        assertThat(last.events())
                .containsExactly("serving 5", "step 1 of 5: expected a frame of type ACTIVATION, not STEP_PLAN");
    }

    @Test
    void shouldReportADamagedFrameAtOnce() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 1, 1));
        only.work();
        results();
        only.send(Stages.plan(EPOCH, 2, 1));
        only.frame.putInt(only.frameBytes - 4, 12_345);
        only.agent.onFrame(only.frame, 0, only.frameBytes);

        assertThat(only.events()).hasSize(2);
        assertThat(only.events().getLast()).startsWith("step 2 of 5: ").contains("damaged");
    }

    @Test
    void shouldTellTheStepOverWhichAKernelBreaks() {
        var only = new Stage(0, 1);
        only.connect(EPOCH, results.endpoint());
        only.send(Stages.plan(EPOCH, 4, FakeCompute.BREAKING_TOKEN));

        assertThatThrownBy(only.agent::doWork)
                .isInstanceOfSatisfying(
                        StageFailedException.class,
                        broken -> assertThat(broken.step()).isEqualTo(4))
                .hasMessageContaining("the fingers broke");
    }

    @Test
    void shouldRefuseOrdersBeyondItsQueueInsteadOfWaiting() {
        var proxy = new StageProxy();
        for (int i = 0; i < StageProxy.MAX_QUEUED_ORDERS; i++) {
            assertThat(proxy.drain()).isTrue();
        }
        assertThat(proxy.drain()).isFalse();
    }

    private List<StepResult> results() {
        received.clear();
        while (results.poll((buffer, offset, length) -> received.add(StepResultFrame.decode(buffer, offset, length)))
                > 0) {
            // one frame at a time
        }
        return List.copyOf(received);
    }

    private StepResult onlyResult() {
        var all = results();
        assertThat(all).hasSize(1);
        return all.getFirst();
    }

    private StageLinks linksBy(Function<LinkEndpoint, StageLink> ways) {
        return new StageLinks() {
            @Override
            public StageInbox openInbox() {
                return links.openInbox();
            }

            @Override
            public StageLink connect(LinkEndpoint target) {
                return ways.apply(target);
            }

            @Override
            public void close() {
                links.close();
            }
        };
    }

    /** One stage over the test's links, driven by hand. */
    private final class Stage {
        final StageProxy proxy = new StageProxy();
        final RecordingListener listener = new RecordingListener();
        final StageOutlet outlet;
        final StageInbox inbox = links.openInbox();
        final StageLink into = links.connect(inbox.endpoint());
        final ExpandableArrayBuffer frame = new ExpandableArrayBuffer();
        final StageAgent agent;
        int frameBytes;

        Stage(int index, int count) {
            this(index, count, links::connect);
        }

        Stage(int index, int count, Function<LinkEndpoint, StageLink> ways) {
            outlet = new StageOutlet(linksBy(ways), proxy.counters());
            var assignment = Stages.stage(index, count, EPOCH);
            agent = new StageAgent(
                    assignment,
                    new FakeCompute(assignment),
                    inbox,
                    outlet,
                    proxy,
                    listener,
                    new StageClock(clock, clock));
        }

        LinkEndpoint endpoint() {
            return inbox.endpoint();
        }

        StageCounters counters() {
            return proxy.counters();
        }

        List<String> events() {
            return listener.events();
        }

        void connect(long epoch, LinkEndpoint next) {
            assertThat(proxy.connect(epoch, next)).isTrue();
            agent.doWork();
        }

        void send(StepPlan plan) {
            frameBytes = StepPlanFrame.encode(plan, clock.nanoTime(), frame);
            assertThat(frameBytes).isGreaterThan(FrameHeader.LENGTH);
            assertThat(into.send(frame, 0, frameBytes)).isEqualTo(StageLink.Sent.DONE);
        }

        void sendHidden(StepPlan plan, TensorType type, int hiddenBytes) {
            int hiddenAt = ActivationFrame.begin(plan, List.of(), List.of(), type, hiddenBytes, frame);
            frame.setMemory(hiddenAt, hiddenBytes, (byte) 0);
            frameBytes = ActivationFrame.end(plan, hiddenAt + hiddenBytes, clock.nanoTime(), frame);
            assertThat(into.send(frame, 0, frameBytes)).isEqualTo(StageLink.Sent.DONE);
        }

        /** Runs duty cycles until one finds nothing to do. */
        void work() {
            int cycles = 0;
            while (agent.doWork() > 0) {
                assertThat(++cycles).as("duty cycles").isLessThan(MAX_CYCLES);
            }
        }
    }

    /** A clock that goes when told to. */
    private static final class ManualClock implements EpochNanoClock, NanoClock {
        private long nowNs = 1_000_000;

        void advance(long ns) {
            nowNs += ns;
        }

        @Override
        public long nanoTime() {
            return nowNs;
        }
    }
}
