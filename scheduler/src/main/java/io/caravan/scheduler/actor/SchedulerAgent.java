package io.caravan.scheduler.actor;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.frame.FrameException;
import io.caravan.proto.frame.FrameHeader;
import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.frame.StepResultFrame;
import io.caravan.proto.link.InboxIdle;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.link.StageLink;
import io.caravan.proto.link.StageLink.Sent;
import io.caravan.proto.link.StageLinks;
import io.caravan.proto.step.StepResult;
import io.caravan.scheduler.engine.Engine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableDirectByteBuffer;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;
import org.agrona.concurrent.SystemEpochNanoClock;
import org.apache.pekko.actor.typed.ActorRef;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduler's thread: takes what the actor queued, feeds results to the engine, sends plans, and tells those who asked
 * what came out. It owns the engine, the result inbox and the link to stage 0; nobody else touches them.
 */
final class SchedulerAgent implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SchedulerAgent.class);

    /** Orders that may wait; the control gives a handful for each epoch. */
    private static final int MAX_ORDERS = 1024;

    /** Requests, and results, that are taken before plans are looked for again. */
    private static final int MAX_PER_CYCLE = 256;

    private static final long SNAPSHOT_INTERVAL_NS = 50_000_000;
    private static final int FIRST_FRAME_BYTES = 64 * 1024;

    private final Engine engine;
    private final int stageCount;
    private final StageLinks links;
    private final StageInbox inbox;
    private final PipelineSettings settings;
    private final InboxIdle idle;
    private final LongSupplier clock;
    private final AgentListener listener;
    private final ManyToOneConcurrentArrayQueue<AgentCommand.Request> requests;
    private final ManyToOneConcurrentArrayQueue<AgentCommand.Order> orders =
            new ManyToOneConcurrentArrayQueue<>(MAX_ORDERS);
    private final Long2ObjectHashMap<ActorRef<SequenceEvent>> clients = new Long2ObjectHashMap<>();
    private final List<StageMeter> meters = new ArrayList<>();
    private final SystemEpochNanoClock epochClock = new SystemEpochNanoClock();
    private final ExpandableDirectByteBuffer frame = new ExpandableDirectByteBuffer(FIRST_FRAME_BYTES);
    private int unsentBytes;
    private Optional<StageLink> link = Optional.empty();
    private Optional<AgentCommand.Start> awaited = Optional.empty();
    private long connectNs;
    private boolean running;
    private boolean warmReported;
    private long snapshotNs;
    private long suspectedNs;
    private long nowNs;
    private volatile AgentSnapshot snapshot;
    private volatile boolean closing;

    /** @param clock nanoseconds that never go back */
    SchedulerAgent(
            Engine engine,
            int stageCount,
            StageLinks links,
            StageInbox inbox,
            PipelineSettings settings,
            LongSupplier clock,
            AgentListener listener) {
        this.engine = engine;
        this.stageCount = stageCount;
        this.links = links;
        this.inbox = inbox;
        this.settings = settings;
        idle = new InboxIdle(settings.idle(), inbox);
        this.clock = clock;
        this.listener = listener;
        requests = new ManyToOneConcurrentArrayQueue<>(settings.requestQueue());
        snapshot = new AgentSnapshot(engine.status(), List.of());
    }

    /** Queues a request; false when the queue is full. */
    boolean offer(AgentCommand.Request request) {
        boolean taken = requests.offer(request);
        inbox.bell().wake();
        return taken;
    }

    /** Queues an order. */
    void order(AgentCommand.Order order) {
        if (!orders.offer(order)) {
            throw new IllegalStateException("the scheduler's thread takes no orders: " + MAX_ORDERS + " wait");
        }
        inbox.bell().wake();
    }

    AgentSnapshot snapshot() {
        return snapshot;
    }

    /** Ends the thread soon. */
    @Override
    public void close() {
        closing = true;
        inbox.bell().wake();
    }

    @Override
    public void run() {
        try {
            while (!closing) {
                idle.idle(doWork(), unsentBytes > 0);
            }
        } catch (RuntimeException | Error failure) {
            listener.broken(failure);
        } finally {
            link.ifPresent(StageLink::close);
            inbox.close();
        }
    }

    int doWork() {
        nowNs = clock.getAsLong();
        int work = orders.drain(this::onOrder, MAX_PER_CYCLE);
        tryToStart();
        work += requests.drain(this::onRequest, MAX_PER_CYCLE);
        work += pollResults();
        emit(engine.expire(nowNs));
        work += sendPlans();
        if (running) {
            watchSilence();
        }
        if (nowNs - snapshotNs >= SNAPSHOT_INTERVAL_NS) {
            publish();
        }
        return work;
    }

    private void watchSilence() {
        long silentNs = engine.silentNs(nowNs);
        long suspectNs = settings.suspectAfter().toNanos();
        if (silentNs > settings.stepTimeout().toNanos()) {
            losePlans("no result came for " + settings.stepTimeout().toSeconds() + " s");
        } else if (silentNs >= suspectNs && nowNs - suspectedNs >= suspectNs) {
            suspectedNs = nowNs;
            listener.silent(engine.epoch());
        }
    }

    private void publish() {
        snapshotNs = nowNs;
        snapshot = new AgentSnapshot(
                engine.status(), meters.stream().map(StageMeter::figures).toList());
    }

    private void onOrder(AgentCommand.Order order) {
        switch (order) {
            case AgentCommand.Start start -> {
                dropLink();
                meters.clear();
                for (int i = 0; i < stageCount; i++) {
                    meters.add(new StageMeter(settings.hopWindow()));
                }
                awaited = Optional.of(start);
                connectNs = nowNs;
            }
            case AgentCommand.Accuse accuse -> emit(engine.accuse(accuse.epoch(), accuse.step()));
            case AgentCommand.Suspend suspend -> {
                awaited = Optional.empty();
                running = false;
                engine.suspend(suspend.why());
            }
        }
        publish();
    }

    /** Starts the epoch that was ordered, as soon as there is a way to its first stage: a link takes memory, which may be short. */
    private void tryToStart() {
        if (awaited.isEmpty() || nowNs - connectNs < 0) {
            return;
        }
        AgentCommand.Start start = awaited.get();
        try {
            link = Optional.of(links.connect(start.firstStage()));
        } catch (IllegalStateException impossible) {
            connectNs = nowNs + settings.retry().toNanos();
            LOG.warn("No way to the first stage, which is tried again: {}", impossible.getMessage());
            return;
        }
        awaited = Optional.empty();
        emit(engine.reset(start.epoch(), start.kvBlockCount()));
        running = true;
        warmReported = false;
    }

    private void dropLink() {
        if (unsentBytes > 0) {
            link.ifPresent(StageLink::abandon);
            unsentBytes = 0;
        }
        link.ifPresent(StageLink::close);
        link = Optional.empty();
    }

    private void onRequest(AgentCommand.Request request) {
        switch (request) {
            case AgentCommand.Submit submit -> {
                clients.put(submit.request().id(), submit.replyTo());
                emit(engine.submit(submit.request(), nowNs));
            }
            case AgentCommand.Cancel cancel -> emit(engine.cancel(cancel.sequenceId()));
        }
    }

    private int pollResults() {
        int work = 0;
        for (int i = 0; i < MAX_PER_CYCLE; i++) {
            int polled = inbox.poll(this::onFrame);
            if (polled == 0) {
                break;
            }
            work += polled;
        }
        return work;
    }

    private void onFrame(DirectBuffer buffer, int offset, int length) {
        StepResult result;
        try {
            result = StepResultFrame.decode(buffer, offset, length);
        } catch (FrameException damaged) {
            LOG.warn("A frame for the scheduler was dropped: {}", damaged.getMessage());
            if (length >= FrameHeader.LENGTH
                    && new FrameHeader().wrap(buffer, offset).epoch() == engine.epoch()) {
                losePlans("a step's result could not be read: " + damaged.getMessage());
            }
            return;
        }
        try {
            emit(engine.update(result, nowNs));
        } catch (IllegalStateException lost) {
            losePlans(lost.getMessage());
            return;
        }
        if (running && result.epoch() == engine.epoch()) {
            measure(result);
            if (!warmReported) {
                warmReported = true;
                publish();
                listener.firstResult(result.epoch());
            }
        }
    }

    private void measure(StepResult result) {
        for (var timing : result.timings()) {
            if (timing.stage() < meters.size()) {
                meters.get(timing.stage()).add(timing);
            }
        }
    }

    /** Sends plans as long as there are any and the first stage takes them. */
    private int sendPlans() {
        int sent = 0;
        while (running) {
            if (unsentBytes == 0) {
                var plan = engine.schedule(nowNs);
                if (plan.isEmpty()) {
                    break;
                }
                unsentBytes = StepPlanFrame.encode(plan.get(), epochClock.nanoTime(), frame);
            }
            Sent outcome = link.orElseThrow().send(frame, 0, unsentBytes);
            if (outcome == Sent.DONE) {
                unsentBytes = 0;
                sent++;
            } else {
                if (outcome == Sent.CLOSED) {
                    losePlans("the link to the first stage is closed");
                }
                break;
            }
        }
        return sent;
    }

    private void losePlans(String why) {
        if (running) {
            running = false;
            engine.suspend("no step ran: " + why);
            listener.plansLost(engine.epoch(), why);
        }
    }

    private void emit(List<SequenceEvent> events) {
        for (SequenceEvent event : events) {
            long id = event.sequenceId();
            ActorRef<SequenceEvent> client = clients.get(id);
            if (client != null) {
                client.tell(event);
            }
            switch (event) {
                case SequenceEvent.Finished finished -> ended(id);
                case SequenceEvent.Refused refused -> {
                    if (refused.refusal() == SequenceEvent.Refusal.FAILED) {
                        LOG.warn("Sequence {} ends with an error: {}", id, refused.message());
                    }
                    ended(id);
                }
                case SequenceEvent.Accepted accepted -> {
                    /* goes on */
                }
                case SequenceEvent.Tokens tokens -> {
                    /* goes on */
                }
            }
        }
    }

    private void ended(long sequenceId) {
        clients.remove(sequenceId);
        listener.ended(sequenceId);
    }
}
