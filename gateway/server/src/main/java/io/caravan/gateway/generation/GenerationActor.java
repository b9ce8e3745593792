package io.caravan.gateway.generation;

import io.caravan.gateway.generation.GenerationEvent.End;
import io.caravan.gateway.generation.GenerationEvent.Failure;
import io.caravan.gateway.tokenizer.Tokenizer;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.sequence.SequenceRequest;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * One sequence between its client and the pipeline.
 *
 * <p>The pipeline may fall silent, repeat itself or leave a gap when its singleton moves. Each is answered alike: submit
 * again what is known so far, and go on from there. So a client sees each token once, in order, or an error.
 */
final class GenerationActor extends AbstractBehavior<GenerationActor.Command> {

    /** What it hears. */
    sealed interface Command {}

    /** The client no longer reads. */
    enum ClientGone implements Command {
        INSTANCE
    }

    /** The gateway cannot go on with it. */
    record Abandon(String why) implements Command {}

    private record FromPipeline(SequenceEvent event) implements Command {}

    private enum Silence implements Command {
        INSTANCE
    }

    private enum Expired implements Command {
        INSTANCE
    }

    private final GenerationRequest request;
    private final SequenceRequest sequence;
    private final Transcript transcript;
    private final GenerationLimits limits;
    private final ActorRef<SchedulerProtocol.Command> scheduler;
    private final EventPort client;
    private final GenerationObserver observer;
    private final TimerScheduler<Command> timers;
    private final ActorRef<SequenceEvent> self;
    private final long beganNs = System.nanoTime();
    private long lastTokenNs = beganNs;
    private int countAtLastGap = -1;
    private boolean ended;

    private GenerationActor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            long id,
            GenerationRequest request,
            Tokenizer tokenizer,
            GenerationLimits limits,
            ActorRef<SchedulerProtocol.Command> scheduler,
            EventPort client,
            GenerationObserver observer) {
        super(context);
        this.timers = timers;
        this.request = request;
        this.sequence = request.sequence(id);
        this.transcript = new Transcript(request, tokenizer);
        this.limits = limits;
        this.scheduler = scheduler;
        this.client = client;
        this.observer = observer;
        this.self = context.messageAdapter(SequenceEvent.class, FromPipeline::new);
        observer.began(request.prompt().size());
        timers.startSingleTimer(Expired.INSTANCE, request.deadline().plus(limits.deadlineGrace()));
        submit();
    }

    static Behavior<Command> create(
            long id,
            GenerationRequest request,
            Tokenizer tokenizer,
            GenerationLimits limits,
            ActorRef<SchedulerProtocol.Command> scheduler,
            EventPort client,
            GenerationObserver observer) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers ->
                new GenerationActor(context, timers, id, request, tokenizer, limits, scheduler, client, observer)));
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(FromPipeline.class, this::onPipeline)
                .onMessageEquals(Silence.INSTANCE, this::onSilence)
                .onMessageEquals(Expired.INSTANCE, this::onExpired)
                .onMessageEquals(ClientGone.INSTANCE, this::onClientGone)
                .onMessage(Abandon.class, abandon -> fail(Failure.UNAVAILABLE, abandon.why()))
                .onSignal(PostStop.class, signal -> onStop())
                .build();
    }

    private Behavior<Command> onPipeline(FromPipeline message) {
        awaitNext();
        return switch (message.event()) {
            case SequenceEvent.Accepted accepted -> this;
            case SequenceEvent.Tokens tokens -> onTokens(tokens);
            case SequenceEvent.Finished finished -> onFinished(finished);
            case SequenceEvent.Refused refused -> onRefused(refused);
        };
    }

    private Behavior<Command> onTokens(SequenceEvent.Tokens event) {
        Transcript.Growth growth = transcript.append(event.tokens());
        if (!growth.tokens().isEmpty()) {
            observe(growth.tokens().size());
            if (!client.offer(new GenerationEvent.Delta(growth.text(), growth.tokens()))) {
                return cancel();
            }
        }
        if (transcript.stopped()) {
            scheduler.tell(new SchedulerProtocol.Cancel(sequence.id()));
            return finish(End.STOP);
        }
        if (growth.gap()) {
            askForGap();
        }
        return this;
    }

    private Behavior<Command> onFinished(SequenceEvent.Finished event) {
        if (event.completionCount() > transcript.count()) {
            askForGap();
            return this;
        }
        return switch (event.reason()) {
            case STOP -> finish(End.STOP);
            case LENGTH -> finish(End.LENGTH);
            case DEADLINE ->
                fail(
                        Failure.DEADLINE,
                        "the request's deadline of " + request.deadline().toSeconds() + " s passed after "
                                + transcript.count() + " tokens");
            case CANCELLED -> fail(Failure.CANCELLED, "the request was cancelled");
        };
    }

    private Behavior<Command> onRefused(SequenceEvent.Refused event) {
        Failure failure = switch (event.refusal()) {
            case INVALID -> Failure.INVALID;
            case FAILED -> Failure.FAILED;
            case OVERLOADED -> Failure.OVERLOADED;
            case UNAVAILABLE -> Failure.UNAVAILABLE;
        };
        return fail(failure, event.message());
    }

    private Behavior<Command> onSilence() {
        submit();
        return this;
    }

    private Behavior<Command> onExpired() {
        scheduler.tell(new SchedulerProtocol.Cancel(sequence.id()));
        return fail(
                Failure.UNAVAILABLE,
                "the pipeline gave no answer within the request's deadline of "
                        + request.deadline().toSeconds() + " s");
    }

    private Behavior<Command> onClientGone() {
        return ended ? Behaviors.stopped() : cancel();
    }

    private Behavior<Command> onStop() {
        if (!ended) {
            // the gateway itself goes down
            scheduler.tell(new SchedulerProtocol.Cancel(sequence.id()));
            end("abort");
            client.offer(new GenerationEvent.Failed(Failure.UNAVAILABLE, "the gateway is shutting down"));
            client.complete();
        }
        return this;
    }

    private Behavior<Command> cancel() {
        scheduler.tell(new SchedulerProtocol.Cancel(sequence.id()));
        end("abort");
        client.complete();
        return Behaviors.stopped();
    }

    private Behavior<Command> finish(End end) {
        String rest = transcript.finish();
        if (!rest.isEmpty()) {
            client.offer(new GenerationEvent.Delta(rest, List.of()));
        }
        end(end == End.STOP ? "stop" : "length");
        client.offer(new GenerationEvent.Finished(end, request.prompt().size(), transcript.count()));
        client.complete();
        return Behaviors.stopped();
    }

    private Behavior<Command> fail(Failure failure, String message) {
        end("error");
        client.offer(new GenerationEvent.Failed(failure, message));
        client.complete();
        return Behaviors.stopped();
    }

    private void end(String outcome) {
        ended = true;
        observer.ended(outcome, request.prompt().size(), transcript.count(), System.nanoTime() - beganNs);
    }

    /** Asks once for each gap; if that is lost too, the silence timer asks again. */
    private void askForGap() {
        if (countAtLastGap != transcript.count()) {
            countAtLastGap = transcript.count();
            submit();
        }
    }

    private void submit() {
        scheduler.tell(new SchedulerProtocol.Submit(sequence.continuedBy(transcript.completion()), self));
        awaitNext();
    }

    private void awaitNext() {
        timers.startSingleTimer(Silence.INSTANCE, limits.resubmitAfter());
    }

    private void observe(int count) {
        long now = System.nanoTime();
        if (transcript.count() == count) {
            observer.firstToken(now - beganNs);
        } else {
            observer.moreTokens(count, now - lastTokenNs);
        }
        lastTokenNs = now;
    }
}
