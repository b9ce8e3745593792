package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLink.Sent;
import io.caravan.proto.step.StepPlan;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.agrona.DirectBuffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The port's promises, over shared memory and over UDP between two media drivers. */
@ParameterizedClass
@EnumSource
class AeronLinksTest {
    enum Way {
        /** Two clients of one media driver. */
        IPC,
        /** Two clients with a media driver each. */
        UDP
    }

    private static final long BOUND_NS = 20_000_000_000L;
    private static final int BIG_TOKENS = 5 << 20;
    private static final long PROBE_STEP = 1_000_000;

    private static final Map<Way, AeronLinks> SENDING = new EnumMap<>(Way.class);
    private static MediaDriverHost driver;
    private static AeronLinks receiving;

    private final AeronLinks sending;
    private final StageInbox inbox = receiving.openInbox();
    private final List<AutoCloseable> toClose = new ArrayList<>(List.of(inbox));
    private final List<Long> steps = new ArrayList<>();

    AeronLinksTest(Way way) {
        sending = SENDING.get(way);
    }

    @BeforeAll
    static void open() {
        driver = MediaDriverHost.start(Settings.DEFAULTS);
        AeronSettings shared = Settings.with("driver-directory", "\"" + driver.directory() + "\"");
        receiving = AeronLinks.open(shared);
        SENDING.put(Way.IPC, AeronLinks.open(shared));
        SENDING.put(Way.UDP, AeronLinks.open(Settings.DEFAULTS));
    }

    @AfterAll
    static void close() {
        SENDING.values().forEach(AeronLinks::close);
        receiving.close();
        driver.close();
        assertThat(driver.directory()).doesNotExist();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : toClose) {
            each.close();
        }
    }

    @Test
    void shouldKeepTheOrderOfFramesOfAllLengths() {
        StageLink link = connected();
        for (int step = 1; step <= 200; step++) {
            send(link, Frames.of(step, 1 + step * 37 % 5_000));
        }
        await("200 frames", () -> steps.size() == 200);
        assertThat(steps)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, 200).boxed().toList());
        assertThat(inbox.rejectedCount()).isZero();
    }

    @Test
    void shouldCarryFramesThatWereWrittenInTheLogItself() {
        StageLink link = connected();
        Frames.Frame frame = Frames.of(1, 50);
        writeClaimed(link, frame);
        link.abandon();
        send(link, Frames.of(2, 100));
        writeClaimed(link, Frames.of(3, 200));
        link.commit();
        send(link, Frames.of(4, 300));
        await("three frames", () -> steps.size() == 3);

        assertThat(steps).containsExactly(2L, 3L, 4L);
        assertThat(inbox.rejectedCount()).isZero();
        assertThat(link.claim(BIG_TOKENS)).isEmpty();
        assertThatThrownBy(link::commit).isInstanceOf(IllegalStateException.class);
    }

    private void writeClaimed(StageLink link, Frames.Frame frame) {
        await(
                "room",
                () -> link.claim(frame.length())
                        .map(room -> {
                            room.putBytes(0, frame.buffer(), 0, frame.length());
                            return room.capacity() == frame.length();
                        })
                        .orElse(false));
    }

    @Test
    void shouldCarryAFrameOfTwentyMebibytes() {
        StageLink link = connected();
        List<StepPlan> plans = new ArrayList<>();
        Frames.Frame frame = Frames.of(3, BIG_TOKENS);
        await("the frame", () -> {
            if (plans.isEmpty()) {
                link.send(frame.buffer(), 0, frame.length());
            }
            inbox.poll((buffer, offset, length) -> plans.add(StepPlanFrame.decode(buffer, offset, length)));
            return !plans.isEmpty();
        });
        assertThat(plans.getFirst()).isEqualTo(Frames.plan(3, BIG_TOKENS));
    }

    @Test
    void shouldHoldTheSenderBackAndGoOnWhereItStopped() {
        StageLink link = connected();
        Frames.Frame frame = Frames.of(9, BIG_TOKENS);
        await("back pressure", () -> link.send(frame.buffer(), 0, frame.length()) == Sent.BACK_PRESSURED);
        assertThatThrownBy(() -> link.send(frame.buffer(), 0, frame.length() - 4))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("abandon");

        send(link, frame);
        await("the frame", () -> steps.contains(9L));
        assertThat(steps).containsExactly(9L);
        assertThat(inbox.rejectedCount()).isZero();
    }

    @Test
    void shouldDropAFrameThatTheSenderAbandoned() {
        StageLink link = connected();
        Frames.Frame abandoned = Frames.of(1, BIG_TOKENS);
        await("back pressure", () -> link.send(abandoned.buffer(), 0, abandoned.length()) == Sent.BACK_PRESSURED);
        link.abandon();
        send(link, Frames.of(2, 10));

        // waiting polls too, so that either frame may be the one that the handler refused; the other one comes
        await("the other frame", () -> !steps.isEmpty());
        assertThat(steps).hasSize(1).containsAnyOf(1L, 2L);
        assertThat(inbox.rejectedCount()).isEqualTo(1);
    }

    @Test
    void shouldTakeFramesOfANewSenderAfterOneThatLeftInTheMiddle() {
        StageLink first = connected();
        Frames.Frame unfinished = Frames.of(1, BIG_TOKENS);
        await("back pressure", () -> first.send(unfinished.buffer(), 0, unfinished.length()) == Sent.BACK_PRESSURED);
        first.close();
        assertThat(first.send(unfinished.buffer(), 0, unfinished.length())).isEqualTo(Sent.CLOSED);

        StageLink second = connected();
        send(second, Frames.of(2, 10));
        await("the new sender's frame", () -> steps.contains(2L));
        await("the unfinished frame to be dropped", () -> inbox.rejectedCount() == 1);
        assertThat(steps).containsExactly(2L);
    }

    @Test
    void shouldTakeFramesOfSeveralSendersEachInOrder() {
        List<StageLink> links = IntStream.range(0, 3).mapToObj(i -> connected()).toList();
        for (int round = 0; round < 20; round++) {
            for (int sender = 0; sender < 3; sender++) {
                send(links.get(sender), Frames.of(sender * 100 + round, 3_000));
            }
        }
        await("all frames", () -> steps.size() == 60);
        for (int sender = 0; sender < 3; sender++) {
            long first = sender * 100;
            assertThat(steps.stream().filter(step -> step / 100 == first / 100))
                    .containsExactlyElementsOf(
                            LongStream.range(first, first + 20).boxed().toList());
        }
    }

    @Test
    void shouldTellThatTheReceiverIsGone() {
        StageLink link = connected();
        inbox.close();
        Frames.Frame frame = Frames.of(1, 10);
        await("the loss to be noticed", () -> link.send(frame.buffer(), 0, frame.length()) == Sent.NOT_CONNECTED);
    }

    @Test
    void shouldTellThatNobodyListensYet() {
        LinkEndpoint nobody = new LinkEndpoint(
                "127.0.0.1",
                receiving.port(),
                Integer.MAX_VALUE - 5,
                inbox.endpoint().driverId());
        StageLink link = track(sending.connect(nobody));
        Frames.Frame frame = Frames.of(1, 10);
        assertThat(link.send(frame.buffer(), 0, frame.length())).isEqualTo(Sent.NOT_CONNECTED);
        assertThat(link.target()).isEqualTo(nobody);
    }

    @Test
    void shouldGiveTheHandlersExceptionToTheOneWhoPolls() {
        StageLink link = connected();
        send(link, Frames.of(1, 10));
        send(link, Frames.of(2, 10));
        long deadlineNs = System.nanoTime() + BOUND_NS;
        boolean thrown = false;
        while (!thrown) {
            assertThat(System.nanoTime() - deadlineNs)
                    .as("waited for an exception")
                    .isNegative();
            thrown = pollWithAHandlerThatThrows();
        }
        await("the other frame", () -> !steps.isEmpty());
        // sending may have polled before, so that either frame may be the one that the handler refused
        assertThat(steps).hasSize(1).containsAnyOf(1L, 2L);
    }

    private boolean pollWithAHandlerThatThrows() {
        try {
            inbox.poll((buffer, offset, length) -> {
                throw new ArithmeticException("of the handler");
            });
            return false;
        } catch (ArithmeticException e) {
            return true;
        }
    }

    private StageLink connected() {
        StageLink link = track(sending.connect(inbox.endpoint()));
        Frames.Frame probe = Frames.of(PROBE_STEP, 1);
        await("a connection", () -> link.send(probe.buffer(), 0, probe.length()) == Sent.DONE);
        await("the first frame", () -> steps.remove(PROBE_STEP));
        return link;
    }

    private <T extends AutoCloseable> T track(T closeable) {
        toClose.addFirst(closeable);
        return closeable;
    }

    private void send(StageLink link, Frames.Frame frame) {
        await("a frame to be sent", () -> {
            Sent sent = link.send(frame.buffer(), 0, frame.length());
            return sent == Sent.DONE;
        });
    }

    /** Polls the inbox until the condition holds; frames that arrive are noted. */
    private void await(String what, BooleanSupplier condition) {
        long deadlineNs = System.nanoTime() + BOUND_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadlineNs).as("waited for %s", what).isNegative();
            inbox.poll(this::note);
            Thread.onSpinWait();
        }
    }

    private void note(DirectBuffer buffer, int offset, int length) {
        steps.add(StepPlanFrame.decode(buffer, offset, length).step());
    }
}
