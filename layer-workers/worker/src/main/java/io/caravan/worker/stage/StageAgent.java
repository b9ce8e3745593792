package io.caravan.worker.stage;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.frame.ActivationFrame;
import io.caravan.proto.frame.FrameException;
import io.caravan.proto.frame.FrameHeader;
import io.caravan.proto.frame.StepPlanFrame;
import io.caravan.proto.frame.StepResultFrame;
import io.caravan.proto.link.FrameHandler;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.link.StageInbox;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stage's duty cycle: obey the actor's orders, finish the frame that is half sent, else take one frame and compute it.
 *
 * <p>While a frame waits for the next stage, none is taken from the inbox, so that back pressure travels up the pipeline and
 * no queue grows here. A frame that is of another epoch, or that does not fit the stage, is dropped and counted: the
 * scheduler makes its plans again under a new epoch. What a kernel throws leaves {@link #doWork} as a {@link
 * StageFailedException} and ends the stage.
 */
final class StageAgent implements Agent, FrameHandler {
    private static final Logger LOG = LoggerFactory.getLogger(StageAgent.class);

    private final StageAssignment assignment;
    private final StageCompute compute;
    private final StageInbox inbox;
    private final StageOutlet outlet;
    private final StageProxy orders;
    private final StageListener listener;
    private final StageClock clock;
    private final StageCounters counters;
    private final FrameHeader header = new FrameHeader();
    private final ActivationFrame activation = new ActivationFrame();

    private boolean accepting;
    private boolean draining;
    private long epoch;
    private long lastStep;
    private long lastEndNs;
    private long startNs; // of the frame at hand
    private long hopNs; // of the frame at hand
    private Optional<Throwable> failure = Optional.empty();

    StageAgent(
            StageAssignment assignment,
            StageCompute compute,
            StageInbox inbox,
            StageOutlet outlet,
            StageProxy orders,
            StageListener listener,
            StageClock clock) {
        this.assignment = assignment;
        this.compute = compute;
        this.inbox = inbox;
        this.outlet = outlet;
        this.orders = orders;
        this.listener = listener;
        this.clock = clock;
        this.counters = orders.counters();
    }

    @Override
    public int doWork() {
        int work = orders.drain(this::obey);
        if (outlet.isPending()) {
            return work + outlet.send();
        }
        int polled = inbox.poll(this);
        if (failure.isPresent()) {
            throw new StageFailedException(failure.get());
        }
        if (draining && polled == 0 && !outlet.isPending()) {
            draining = false;
            accepting = false;
            listener.drained(epoch);
        }
        return work + polled;
    }

    /** Whether a frame waits for room to be sent. */
    boolean isSending() {
        return outlet.isPending();
    }

    @Override
    public String roleName() {
        return "stage-" + assignment.stage().entityId();
    }

    private void obey(StageOrder order) {
        switch (order) {
            case StageOrder.Connect connect -> connect(connect.epoch(), connect.next());
            case StageOrder.Hold hold -> {
                outlet.abandon();
                accepting = false;
                draining = false;
            }
            case StageOrder.Drain drain -> draining = true;
        }
    }

    private void connect(long newEpoch, LinkEndpoint next) {
        boolean repeated = accepting && newEpoch == epoch && outlet.leadsTo(next);
        if (!repeated) {
            outlet.connect(next);
            if (newEpoch != epoch) {
                counters.reset();
                lastStep = 0;
            }
            epoch = newEpoch;
            accepting = true;
            draining = false;
            lastEndNs = clock.elapsed().nanoTime();
        }
        listener.serving(epoch);
    }

    /**
     * Computes one frame that the inbox hands over, or drops it. What goes wrong is kept for {@link #doWork}: an inbox may
     * swallow what is thrown through it.
     */
    @Override
    public void onFrame(DirectBuffer buffer, int offset, int length) {
        try {
            header.wrap(buffer, offset);
            if (!accepting || header.epoch() != epoch || header.step() <= lastStep) {
                counters.stale();
                return;
            }
            startNs = clock.elapsed().nanoTime();
            hopNs = Math.max(0, clock.wall().nanoTime() - header.sentAtNs());
            if (assignment.first()) {
                compute(StepPlanFrame.decode(buffer, offset, length));
            } else {
                compute(activation.wrap(buffer, offset, length), buffer);
            }
        } catch (FrameException damaged) {
            drop(damaged.getMessage());
        } catch (RuntimeException | Error broken) {
            failure = Optional.of(broken);
        }
    }

    private void compute(StepPlan plan) {
        if (fits(plan)) {
            run(plan, List.of());
        }
    }

    private void compute(ActivationFrame frame, DirectBuffer buffer) {
        StepPlan plan = frame.plan();
        if (!fits(plan)) {
            return;
        }
        if (frame.hiddenType() != wire()) {
            drop("hidden states as " + frame.hiddenType() + ", where the pipeline's are " + wire());
            return;
        }
        if (frame.hiddenBytes() != hiddenBytes(plan)) {
            drop(frame.hiddenBytes() + " bytes of hidden states for " + plan.rowCount() + " rows of "
                    + compute.hiddenSize());
            return;
        }
        compute.writeHidden(wire(), buffer, frame.hiddenOffset(), plan.rowCount());
        run(plan, frame.timings());
    }

    /** Type of the hidden states between the pipeline's stages. */
    private TensorType wire() {
        return assignment.precision().wire();
    }

    private int hiddenBytes(StepPlan plan) {
        return Math.toIntExact(wire().bytes((long) plan.rowCount() * compute.hiddenSize()));
    }

    private boolean fits(StepPlan plan) {
        if (plan.rowCount() > compute.maxRows()) {
            drop(plan.rowCount() + " rows, where the stage was loaded for at most " + compute.maxRows());
            return false;
        }
        return true;
    }

    private void run(StepPlan plan, List<StageTiming> before) {
        try {
            compute.forward(plan);
        } catch (IllegalArgumentException unfit) {
            drop(unfit.getMessage());
            return;
        }
        if (assignment.last()) {
            List<StepResult.Chosen> chosen = compute.choose(plan);
            var result = new StepResult(plan.epoch(), plan.step(), chosen, timed(before));
            outlet.put(StepResultFrame.encode(result, clock.wall().nanoTime(), outlet.buffer()));
        } else {
            sendHidden(plan, timed(before));
        }
        lastStep = plan.step();
        if (outlet.isPending()) {
            outlet.send();
        }
    }

    private void sendHidden(StepPlan plan, List<StageTiming> timings) {
        int hiddenBytes = hiddenBytes(plan);
        int hiddenAt = ActivationFrame.begin(plan, timings, wire(), hiddenBytes, outlet.buffer());
        int frameBytes = hiddenAt + hiddenBytes;
        MutableDirectBuffer frame = outlet.room(hiddenAt, frameBytes);
        compute.readHidden(wire(), frame, hiddenAt, plan.rowCount());
        outlet.put(ActivationFrame.end(plan, frameBytes, clock.wall().nanoTime(), frame));
    }

    /** The timings so far and this stage's, whose kernels end now. */
    private List<StageTiming> timed(List<StageTiming> before) {
        long waitNs = startNs - lastEndNs;
        lastEndNs = clock.elapsed().nanoTime();
        long computeNs = lastEndNs - startNs;
        counters.step(waitNs, computeNs);
        var timings = new ArrayList<StageTiming>(before.size() + 1);
        timings.addAll(before);
        timings.add(new StageTiming(assignment.stage().index(), hopNs, waitNs, computeNs));
        return timings;
    }

    private void drop(String reason) {
        counters.invalid();
        LOG.warn("{} drops step {} of epoch {}: {}", roleName(), header.step(), epoch, reason);
    }
}
