package io.caravan.cli.cluster;

import io.caravan.cli.CliException;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.sequence.SequenceRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/**
 * Talks to the scheduler in token ids, without a gateway's text.
 *
 * @param scheduler the pipeline's singleton or a proxy of it
 */
public record SequenceClient(ActorSystem<Void> system, ActorRef<SchedulerProtocol.Command> scheduler) {
    private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(3);

    /** Submits {@code request}, which waits until the pipeline serves; fails where it is refused. */
    public CompletableFuture<Completion> submit(SequenceRequest request) {
        var outcome = new CompletableFuture<Completion>();
        system.systemActorOf(
                SequenceActor.create(request, scheduler, outcome),
                "sequence-" + Long.toUnsignedString(request.id()),
                Props.empty());
        return outcome;
    }

    /** Submits {@code requests} at once and waits until all ended. */
    public List<Completion> runAll(List<SequenceRequest> requests, Duration timeout) {
        var outcomes = requests.stream().map(this::submit).toList();
        long deadlineNs = System.nanoTime() + timeout.toNanos();
        var completions = new ArrayList<Completion>();
        for (var outcome : outcomes) {
            completions.add(await(outcome, Duration.ofNanos(deadlineNs - System.nanoTime())));
        }
        return completions;
    }

    /** Waits until what was submitted ended. */
    public static Completion await(CompletableFuture<Completion> outcome, Duration timeout) {
        return await(outcome, timeout.toNanos(), "an answer of the pipeline");
    }

    /** How the pipeline is; empty while no scheduler answers. */
    public List<PipelineStatus> tryStatus() {
        var answer = AskPattern.<SchedulerProtocol.Command, PipelineStatus>ask(
                scheduler, SchedulerProtocol.GetStatus::new, STATUS_TIMEOUT, system.scheduler());
        try {
            return List.of(answer.toCompletableFuture().get(2 * STATUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        } catch (ExecutionException | TimeoutException nobody) {
            return List.of();
        }
    }

    /** How the pipeline is. */
    public PipelineStatus status() {
        return tryStatus().stream().findFirst().orElseThrow(() -> new CliException("the scheduler does not answer"));
    }

    private static <T> T await(CompletableFuture<T> future, long timeoutNs, String what) {
        try {
            return future.get(Math.max(0, timeoutNs), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted while waiting for " + what, e);
        } catch (TimeoutException e) {
            throw new CliException("waited too long for " + what, e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof CliException known) {
                throw known;
            }
            throw new CliException("no " + what + ": " + e.getCause().getMessage(), e.getCause());
        }
    }
}
