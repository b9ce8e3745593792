package io.caravan.gateway.health;

import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/**
 * The pipeline's status as it was a moment ago. Asked for when somebody wants to know and the last word is older than
 * {@code maxAge}, and then once for all who want to know.
 */
public final class PipelineMonitor {

    /**
     * The last word.
     *
     * @param status the pipeline's own; empty when it did not answer
     * @param problem why the pipeline does not serve; empty when it does
     */
    public record View(List<PipelineStatus> status, String problem) {
        /** Whether tokens come out. */
        public boolean serving() {
            return problem.isEmpty();
        }
    }

    private record Asked(long atNs, CompletableFuture<View> answer) {}

    private final ActorSystem<?> system;
    private final ActorRef<SchedulerProtocol.Command> scheduler;
    private final long maxAgeNs;
    private final Duration timeout;
    private final Supplier<List<String>> notices;
    private final AtomicReference<Asked> last = new AtomicReference<>();
    private volatile View latest = new View(List.of(), "the pipeline has not been asked yet");

    /** {@code notices} are what the process knows beside the pipeline, a line each, as of workers that keep ending. */
    public PipelineMonitor(
            ActorSystem<?> system,
            ActorRef<SchedulerProtocol.Command> scheduler,
            Duration maxAge,
            Duration timeout,
            Supplier<List<String>> notices) {
        this.system = system;
        this.scheduler = scheduler;
        this.maxAgeNs = maxAge.toNanos();
        this.timeout = timeout;
        this.notices = notices;
    }

    /** How the pipeline is; never fails, and comes within the timeout. */
    public CompletionStage<View> view() {
        Asked before = last.get();
        long now = System.nanoTime();
        if (before != null && (!before.answer().isDone() || now - before.atNs() < maxAgeNs)) {
            return before.answer();
        }
        var asked = new Asked(now, new CompletableFuture<>());
        if (!last.compareAndSet(before, asked)) {
            return last.get().answer();
        }
        AskPattern.ask(scheduler, SchedulerProtocol.GetStatus::new, timeout, system.scheduler())
                .handle((status, failure) -> failure == null ? of(status) : silent())
                .thenAccept(view -> {
                    latest = view;
                    asked.answer().complete(view);
                });
        return asked.answer();
    }

    /** What the process knows beside the pipeline. */
    public List<String> notices() {
        return notices.get();
    }

    /** The last word, however old; asks anew for the next caller. */
    public View latest() {
        view();
        return latest;
    }

    /** The pipeline's own status; fails where it does not answer. */
    public CompletionStage<PipelineStatus> status() {
        return view().thenCompose(view -> view.status().isEmpty()
                ? CompletableFuture.failedFuture(new IllegalStateException(view.problem()))
                : CompletableFuture.completedFuture(view.status().getFirst()));
    }

    /** Longest sequence that the pipeline takes, as far as it is known; {@code modelTokens} is the model's context. */
    public int contextTokens(int modelTokens) {
        List<PipelineStatus> status = latest().status();
        int most = status.isEmpty() ? 0 : status.getFirst().maxSequenceTokens();
        return most > 0 ? Math.min(most, modelTokens) : modelTokens;
    }

    private View silent() {
        return new View(List.of(), "the pipeline did not answer within " + timeout.toMillis() + " ms");
    }

    private View of(PipelineStatus status) {
        return new View(List.of(status), status.serving() ? "" : why(status));
    }

    private String why(PipelineStatus status) {
        String message = status.message().isEmpty() ? "the pipeline is not serving yet" : status.message();
        return Stream.concat(Stream.of(message), notices().stream()).collect(Collectors.joining("; "));
    }
}
