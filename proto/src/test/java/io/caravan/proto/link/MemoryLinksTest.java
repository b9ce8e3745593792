package io.caravan.proto.link;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.link.StageLink.Sent;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice;
import io.caravan.proto.step.StepPlan;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.junit.jupiter.api.Test;

class MemoryLinksTest {
    private static final int QUEUE_FRAMES = 4;

    private final MemoryLinks links = new MemoryLinks(QUEUE_FRAMES);
    private final StageInbox inbox = links.openInbox();
    private final StageLink link = links.connect(inbox.endpoint());
    private final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
    private final List<Long> steps = new ArrayList<>();

    @Test
    void shouldHandFramesOverOneByOneInOrder() {
        assertThat(send(1)).isEqualTo(Sent.DONE);
        assertThat(send(2)).isEqualTo(Sent.DONE);

        assertThat(poll()).isEqualTo(1);
        assertThat(steps).containsExactly(1L);
        assertThat(poll()).isEqualTo(1);
        assertThat(poll()).isZero();
        assertThat(steps).containsExactly(1L, 2L);
    }

    @Test
    void shouldHoldSendersBackWhenTheQueueIsFull() {
        for (int step = 1; step <= QUEUE_FRAMES; step++) {
            assertThat(send(step)).isEqualTo(Sent.DONE);
        }
        assertThat(send(5)).isEqualTo(Sent.BACK_PRESSURED);
        poll();
        assertThat(send(5)).isEqualTo(Sent.DONE);
        pollAll();
        assertThat(steps).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void shouldDropAndDamageToOrder() {
        links.drop(inbox.endpoint(), 1);
        links.damage(inbox.endpoint(), 1);
        assertThat(send(1)).isEqualTo(Sent.DONE);
        assertThat(send(2)).isEqualTo(Sent.DONE);
        assertThat(send(3)).isEqualTo(Sent.DONE);

        pollAll();
        assertThat(steps).containsExactly(3L);
        assertThat(inbox.rejectedCount()).isEqualTo(1);
    }

    @Test
    void shouldHoldFramesUntilTheyAreReleased() {
        links.hold(inbox.endpoint());
        send(1);
        assertThat(poll()).isZero();
        links.release(inbox.endpoint());
        assertThat(poll()).isEqualTo(1);
        assertThat(steps).containsExactly(1L);
    }

    @Test
    void shouldTellThatNobodyListens() {
        links.kill(inbox.endpoint());
        assertThat(send(1)).isEqualTo(Sent.NOT_CONNECTED);
        assertThat(links.openInbox().endpoint()).isNotEqualTo(inbox.endpoint());
    }

    @Test
    void shouldSayThatAClosedLinkIsClosed() {
        link.close();
        assertThat(send(1)).isEqualTo(Sent.CLOSED);
        links.close();
        assertThatThrownBy(links::openInbox).isInstanceOf(IllegalStateException.class);
    }

    private Sent send(long step) {
        StepPlan plan =
                new StepPlan(1, step, List.of(new SequenceSlice(1, 0, TokenIds.of(1), TokenIds.of(0), List.of())));
        return link.send(buffer, 0, StepPlanFrame.encode(plan, 1, buffer));
    }

    private int poll() {
        return inbox.poll(this::keep);
    }

    private void pollAll() {
        while (poll() > 0) {
            assertThat(steps).hasSizeLessThan(100);
        }
    }

    private void keep(DirectBuffer frame, int offset, int length) {
        steps.add(StepPlanFrame.decode(frame, offset, length).step());
    }
}
