package io.caravan.worker.stage;

import io.caravan.model.Choices;
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
import io.caravan.proto.step.SequenceFault;
import io.caravan.proto.step.StageTiming;
import io.caravan.proto.step.StepPlan;
import io.caravan.proto.step.StepResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stage's duty cycle: obey the actor's orders, finish the frame that is half sent, else take one frame and compute it.
 *
 * <p>While a frame waits for the next stage, none is taken from the inbox, so that back pressure travels up the pipeline and
 * no queue grows here. A frame of another epoch is dropped and counted: the scheduler makes its plans again under a new one.
 * A sequence that asks for more than the stage can do is left out of its step, with a {@link SequenceFault}, and the others
 * are computed without it. A frame that cannot be read, or not be this stage's, is reported, since nothing behind it has a
 * place any more. What a kernel throws leaves {@link #doWork} as a {@link StageFailedException} and ends the stage.
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
    private Optional<StageFailedException> failure = Optional.empty();

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
            throw failure.get();
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
            try {
                outlet.connect(next);
            } catch (IllegalStateException impossible) {
                LOG.warn(
                        "{} finds no way to {}, and waits to be told again: {}",
                        roleName(),
                        next,
                        impossible.getMessage());
                accepting = false;
                return;
            }
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
            refuse(damaged.getMessage());
        } catch (StageFailedException broken) {
            failure = Optional.of(broken);
        } catch (RuntimeException | Error broken) {
            failure = Optional.of(new StageFailedException(epoch, StageFailedException.NO_STEP, broken));
        }
    }

    private void compute(StepPlan plan) {
        if (fits(plan)) {
            run(plan, List.of(), List.of(), rest -> {});
        }
    }

    private void compute(ActivationFrame frame, DirectBuffer buffer) {
        StepPlan plan = frame.plan();
        if (!fits(plan)) {
            return;
        }
        if (frame.hiddenType() != wire()) {
            refuse("hidden states as " + frame.hiddenType() + ", where the pipeline's are " + wire());
            return;
        }
        if (frame.hiddenBytes() != hiddenBytes(plan)) {
            refuse(frame.hiddenBytes() + " bytes of hidden states for " + plan.rowCount() + " rows of "
                    + compute.hiddenSize());
            return;
        }
        var states = new FrameStates(plan, buffer, frame.hiddenOffset(), Math.toIntExact(rowBytes()));
        run(plan, frame.faults(), frame.timings(), rest -> {
            if (rest.rowCount() > 0) {
                compute.writeHidden(wire(), states.of(rest), states.offset(rest), rest.rowCount());
            }
        });
    }

    /** Type of the hidden states between the pipeline's stages. */
    private TensorType wire() {
        return assignment.precision().wire();
    }

    private long rowBytes() {
        return wire().bytes(compute.hiddenSize());
    }

    private int hiddenBytes(StepPlan plan) {
        return Math.toIntExact(plan.rowCount() * rowBytes());
    }

    private boolean fits(StepPlan plan) {
        if (plan.rowCount() > compute.maxRows()) {
            refuse(plan.rowCount() + " rows, where the stage was loaded for at most " + compute.maxRows());
            return false;
        }
        return true;
    }

    /** @param enter brings the hidden states of a plan's rows to where the layers begin */
    private void run(StepPlan plan, List<SequenceFault> before, List<StageTiming> timings, Consumer<StepPlan> enter) {
        var faults = new ArrayList<>(before);
        StepPlan rest = plan;
        List<SequenceFault> unfit = forward(plan, enter);
        if (!unfit.isEmpty()) {
            unfit.forEach(this::leaveOut);
            faults.addAll(unfit);
            rest = plan.without(unfit);
            forward(rest, enter);
        }
        if (assignment.last()) {
            sendResult(rest, faults, timings);
        } else {
            sendHidden(rest, faults, timings);
        }
        lastStep = plan.step();
        if (outlet.isPending()) {
            outlet.send();
        }
    }

    /** Computes the plan, or says because of which sequences it cannot, with nothing computed. */
    private List<SequenceFault> forward(StepPlan plan, Consumer<StepPlan> enter) {
        if (plan.slices().isEmpty()) {
            return List.of();
        }
        return inKernels(() -> {
            enter.accept(plan);
            try {
                compute.forward(plan);
                return List.of();
            } catch (IllegalArgumentException unfit) {
                List<SequenceFault> faults = compute.faults(plan);
                if (faults.isEmpty()) {
                    throw unfit;
                }
                return faults;
            }
        });
    }

    /** What is thrown in there may be due to the step at hand, which is therefore told. */
    private <T> T inKernels(Supplier<T> work) {
        try {
            return work.get();
        } catch (RuntimeException | Error broken) {
            throw new StageFailedException(epoch, header.step(), broken);
        }
    }

    private void sendResult(StepPlan plan, List<SequenceFault> faults, List<StageTiming> before) {
        Choices choices =
                plan.slices().isEmpty() ? new Choices(List.of(), List.of()) : inKernels(() -> compute.choose(plan));
        choices.faults().forEach(this::leaveOut);
        faults.addAll(choices.faults());
        var result = new StepResult(plan.epoch(), plan.step(), choices.tokens(), faults, timed(before));
        outlet.put(StepResultFrame.encode(result, clock.wall().nanoTime(), outlet.buffer()));
    }

    private void sendHidden(StepPlan plan, List<SequenceFault> faults, List<StageTiming> before) {
        int hiddenBytes = hiddenBytes(plan);
        int hiddenAt = ActivationFrame.begin(plan, timed(before), faults, wire(), hiddenBytes, outlet.buffer());
        int frameBytes = hiddenAt + hiddenBytes;
        MutableDirectBuffer frame = outlet.room(hiddenAt, frameBytes);
        if (hiddenBytes > 0) {
            inKernels(() -> {
                compute.readHidden(wire(), frame, hiddenAt, plan.rowCount());
                return hiddenBytes;
            });
        }
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

    private void leaveOut(SequenceFault fault) {
        counters.fault();
        LOG.warn("{} leaves a sequence out of step {}: {}", roleName(), header.step(), fault.reason());
    }

    private void refuse(String reason) {
        counters.invalid();
        LOG.warn("{} refuses step {} of epoch {}: {}", roleName(), header.step(), epoch, reason);
        listener.stepFailed(epoch, header.step(), reason, true);
    }
}
