package io.caravan.worker.stage;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.link.InboxIdle;
import io.caravan.proto.link.StageInbox;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.NoOpIdleStrategy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stage's thread from the first byte loaded to the last one given back. Everything that the stage owns is opened, used and
 * closed here, in the order load, serve, close, whoever ends it and at whatever point.
 */
final class StageRunner implements Agent {
    /** Least time between two reports of loading. */
    static final long PROGRESS_INTERVAL_NS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final Logger LOG = LoggerFactory.getLogger(StageRunner.class);

    private final StageAssignment assignment;
    private final StageHost host;
    private final StageProxy proxy;
    private final StageListener listener;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private Optional<Duty> duty = Optional.empty();
    private long lastProgressNs;

    /** What the thread does once the stage is loaded, and how it waits for more. */
    private record Duty(StageAgent agent, InboxIdle idle) {
        int round() {
            int work = agent.doWork();
            idle.idle(work, agent.isSending());
            return work;
        }
    }

    private StageRunner(StageAssignment assignment, StageHost host, StageProxy proxy, StageListener listener) {
        this.assignment = assignment;
        this.host = host;
        this.proxy = proxy;
        this.listener = listener;
    }

    /** Starts the stage's thread, which loads and then waits to be connected. */
    static StageProxy start(StageAssignment assignment, StageHost host, StageListener listener) {
        var proxy = new StageProxy();
        var stage = new StageRunner(assignment, host, proxy, listener);
        var runner = new AgentRunner(NoOpIdleStrategy.INSTANCE, StageRunner::unexpected, null, stage);
        host.started(proxy);
        AgentRunner.startOnThread(runner, Thread.ofPlatform().daemon().factory());
        return proxy;
    }

    @Override
    public void onStart() {
        try {
            lastProgressNs = host.clock().elapsed().nanoTime() - PROGRESS_INTERVAL_NS;
            StageCompute compute = open(host.loader().load(assignment, this::loaded));
            StageInbox inbox = open(host.links().openInbox());
            proxy.wakes(inbox.bell());
            var outlet = open(new StageOutlet(host.links(), proxy.counters()));
            var agent = new StageAgent(assignment, compute, inbox, outlet, proxy, listener, host.clock());
            duty = Optional.of(new Duty(agent, new InboxIdle(host.idle(), inbox)));
            listener.ready(inbox.endpoint(), compute.kernels(), compute.weights(), compute.kvBytes());
        } catch (Throwable failure) {
            fail(failure);
        }
    }

    private void loaded(long loadedBytes, long totalBytes) {
        if (proxy.isClosing()) {
            throw new CancellationException("the stage was given up while it loaded");
        }
        long nowNs = host.clock().elapsed().nanoTime();
        if (nowNs - lastProgressNs >= PROGRESS_INTERVAL_NS) {
            lastProgressNs = nowNs;
            listener.loading(loadedBytes, totalBytes);
        }
    }

    @Override
    public int doWork() {
        if (proxy.isClosing() || duty.isEmpty()) {
            throw new AgentTerminationException("the stage ends");
        }
        try {
            return duty.get().round();
        } catch (Throwable failure) {
            fail(failure);
            return 0;
        }
    }

    /** Reports the failure, unless the stage is being given up anyway; the thread ends with the next duty cycle. */
    private void fail(Throwable failure) {
        duty = Optional.empty();
        if (proxy.isClosing()) {
            return;
        }
        if (failure instanceof StageRefusedException) {
            LOG.warn("{} cannot be loaded: {}", roleName(), failure.getMessage());
        } else {
            LOG.error("{} failed", roleName(), failure);
        }
        if (failure instanceof StageFailedException broke && broke.step() != StageFailedException.NO_STEP) {
            listener.stepFailed(broke.epoch(), broke.step(), broke.getMessage(), false);
        }
        listener.failed(reason(failure));
    }

    private static String reason(Throwable failure) {
        return failure instanceof StageRefusedException || failure instanceof StageFailedException
                ? failure.getMessage()
                : failure.toString();
    }

    @Override
    public void onClose() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception failure) {
                LOG.error("{} could not give everything back", roleName(), failure);
            }
        }
        host.ended(proxy);
        listener.closed();
    }

    private <T extends AutoCloseable> T open(T resource) {
        opened.push(resource);
        return resource;
    }

    @Override
    public String roleName() {
        return "stage-" + assignment.stage().entityId();
    }

    private static void unexpected(Throwable failure) {
        if (!(failure instanceof AgentTerminationException)) {
            LOG.error("A stage's thread failed outside its duty cycle", failure);
        }
    }
}
