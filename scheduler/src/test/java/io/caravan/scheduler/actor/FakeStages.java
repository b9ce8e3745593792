package io.caravan.scheduler.actor;

import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.actor.StageProtocol;
import io.caravan.proto.actor.StageSeat;
import io.caravan.proto.frame.ActivationFrame;
import io.caravan.proto.frame.FrameReader;
import io.caravan.proto.frame.FrameType;
import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.frame.StepResultFrame;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.MemoryLinks;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.apache.pekko.actor.typed.ActorRef;

/** Stages of one thread, which pass plans on; the last draws, for position p, the token 100 + p. */
final class FakeStages implements PipelineActor.Stages {
    private static final class Stage {
        final StageInbox inbox;
        long epoch;
        LinkEndpoint next;
        boolean connected;
        Optional<ActorRef<StageEvent>> scheduler = Optional.empty();

        Stage(StageInbox inbox) {
            this.inbox = inbox;
        }
    }

    private record Mail(StageSeat seat, StageProtocol.Command command) {
        StageId stage() {
            return seat.stage();
        }
    }

    /** Stage 0 cannot take a step with this token. */
    static final int REFUSED_TOKEN = 77;

    private static final long IDLE_NS = 50_000;

    private final MemoryLinks links;
    private final int stageCount;
    private final Map<String, Stage> stages = new HashMap<>(); // by worker and index
    private final Map<Integer, String> hosts = new HashMap<>();
    private final List<Mail> mail = new ArrayList<>();
    private final List<String> dead = new ArrayList<>();
    private final Thread thread = new Thread(this::run, "fake-stages");
    private volatile boolean closing;
    private volatile boolean mute;

    FakeStages(MemoryLinks links, int stageCount) {
        this.links = links;
        this.stageCount = stageCount;
        thread.start();
    }

    @Override
    public synchronized void tell(StageSeat seat, StageProtocol.Command command) {
        mail.add(new Mail(seat, command));
    }

    /** A worker's process ends: its stages are silent from now on. */
    synchronized void kill(String worker) {
        dead.add(worker);
    }

    /** Stages take plans and nothing comes out, until told otherwise. */
    void mute(boolean muted) {
        mute = muted;
    }

    private void run() {
        while (!closing) {
            synchronized (this) {
                List.copyOf(mail).forEach(this::onMail);
                mail.clear();
                for (int index = 0; index < stageCount; index++) {
                    Stage stage = stages.get(hosts.getOrDefault(index, "") + index);
                    if (stage != null && !dead.contains(hosts.get(index))) {
                        int at = index;
                        stage.inbox.poll((buffer, offset, length) -> onFrame(stage, at, buffer, offset, length));
                    }
                }
            }
            LockSupport.parkNanos(IDLE_NS);
        }
    }

    private void onMail(Mail letter) {
        int index = letter.stage().index();
        switch (letter.command()) {
            case StageProtocol.Load load -> {
                var wanted = load.assignment();
                if (!dead.contains(wanted.worker())) {
                    hosts.put(index, wanted.worker());
                    var stage = stages.computeIfAbsent(wanted.worker() + index, key -> new Stage(links.openInbox()));
                    stage.epoch = wanted.epoch();
                    stage.connected = false;
                    load.replyTo()
                            .tell(new StageEvent.Ready(
                                    letter.stage(),
                                    wanted.epoch(),
                                    wanted.worker(),
                                    stage.inbox.endpoint(),
                                    "scalar",
                                    new HeldWeights(10, "BF16"),
                                    20));
                }
            }
            case StageProtocol.Connect connect -> {
                Stage stage = stages.get(hosts.get(index) + index);
                if (stage != null && !dead.contains(hosts.get(index))) {
                    stage.next = connect.next();
                    stage.connected = true;
                    stage.scheduler = Optional.of(connect.replyTo());
                    connect.replyTo().tell(new StageEvent.Serving(letter.stage(), connect.epoch()));
                }
            }
            case StageProtocol.Drain drain -> throw new AssertionError(drain);
            case StageProtocol.Unload unload -> stages.remove(hosts.get(index) + index);
            case StageProtocol.GetStatus getStatus -> throw new AssertionError(getStatus);
        }
    }

    private void onFrame(Stage stage, int index, DirectBuffer buffer, int offset, int length) {
        StepPlan plan = FrameReader.peek(buffer, offset, length).type() == FrameType.STEP_PLAN
                ? StepPlanFrame.decode(buffer, offset, length)
                : new ActivationFrame().wrap(buffer, offset, length).plan();
        if (mute || !stage.connected || plan.epoch() != stage.epoch) {
            return;
        }
        boolean refused =
                plan.slices().stream().anyMatch(slice -> slice.tokens().contains(REFUSED_TOKEN));
        if (refused) {
            stage.scheduler
                    .orElseThrow()
                    .tell(new StageEvent.StepFailed(
                            new StageId("main", index), plan.epoch(), plan.step(), "not this one", true));
            return;
        }
        var out = new ExpandableArrayBuffer();
        int bytes;
        if (index + 1 < stageCount) {
            var hidden = new UnsafeBuffer(new byte[plan.rowCount() * 4]);
            int hiddenAt = ActivationFrame.begin(plan, List.of(), List.of(), TensorType.F32, hidden.capacity(), out);
            out.putBytes(hiddenAt, hidden, 0, hidden.capacity());
            bytes = ActivationFrame.end(plan, hiddenAt + hidden.capacity(), 1, out);
        } else {
            bytes = StepResultFrame.encode(result(plan), 1, out);
        }
        try (var link = links.connect(stage.next)) {
            link.send(out, 0, bytes);
        }
    }

    private StepResult result(StepPlan plan) {
        var chosen = plan.slices().stream()
                .filter(slice -> !slice.choice().isEmpty())
                .map(slice -> new StepResult.Chosen(
                        slice.sequenceId(), TokenChoice.plain(slice.endPosition(), 100 + slice.endPosition())))
                .toList();
        var timings = new ArrayList<StageTiming>();
        for (int i = 0; i < stageCount; i++) {
            timings.add(new StageTiming(i, 1_000 + i, 10, 20));
        }
        return new StepResult(plan.epoch(), plan.step(), chosen, timings);
    }

    void stop() throws InterruptedException {
        closing = true;
        thread.join(2_000);
    }
}
