package io.caravan.gateway.generation;

import io.caravan.gateway.tokenizer.Tokenizer;
import io.caravan.proto.actor.SchedulerProtocol;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.stream.BoundedSourceQueue;
import org.apache.pekko.stream.QueueOfferResult;
import org.apache.pekko.stream.javadsl.Source;

/** Starts generations and counts those that run. */
public final class Generations {
    private final ActorSystem<?> system;
    private final Tokenizer tokenizer;
    private final GenerationLimits limits;
    private final ActorRef<SchedulerProtocol.Command> scheduler;
    private final GenerationObserver observer;
    private final Set<ActorRef<GenerationActor.Command>> running = ConcurrentHashMap.newKeySet();

    public Generations(
            ActorSystem<?> system,
            Tokenizer tokenizer,
            GenerationLimits limits,
            ActorRef<SchedulerProtocol.Command> scheduler,
            GenerationObserver observer) {
        this.system = system;
        this.tokenizer = tokenizer;
        this.limits = limits;
        this.scheduler = scheduler;
        this.observer = observer;
    }

    /**
     * The events of a generation, which begins when the stream is run and is cancelled when the stream is. A reader that
     * falls {@link GenerationLimits#eventBuffer()} events behind is cut off: its stream ends without {@link
     * GenerationEvent.Finished}.
     */
    public Source<GenerationEvent, NotUsed> start(GenerationRequest request) {
        return Source.<GenerationEvent>queue(limits.eventBuffer() + RESERVED_FOR_THE_END)
                .watchTermination((queue, done) -> {
                    ActorRef<GenerationActor.Command> actor = spawn(request, queue);
                    done.whenComplete((ignored, failure) -> {
                        running.remove(actor);
                        actor.tell(GenerationActor.ClientGone.INSTANCE);
                    });
                    return NotUsed.getInstance();
                });
    }

    /** Generations whose clients still read. */
    public int running() {
        return running.size();
    }

    /** Ends all that run with an error, because the gateway cannot go on with them. */
    public void abandon(String why) {
        running.forEach(generation -> generation.tell(new GenerationActor.Abandon(why)));
    }

    /** The last text, and how it ended. */
    private static final int RESERVED_FOR_THE_END = 2;

    private ActorRef<GenerationActor.Command> spawn(
            GenerationRequest request, BoundedSourceQueue<GenerationEvent> queue) {
        long id = ThreadLocalRandom.current().nextLong();
        ActorRef<GenerationActor.Command> generation = system.systemActorOf(
                GenerationActor.create(
                        id, request, tokenizer, limits, scheduler, new QueuePort(queue, limits), observer),
                "generation-" + Long.toUnsignedString(id, 36),
                Props.empty());
        running.add(generation);
        return generation;
    }

    private record QueuePort(BoundedSourceQueue<GenerationEvent> queue, GenerationLimits limits) implements EventPort {
        @Override
        public boolean offer(GenerationEvent event) {
            boolean last = !(event instanceof GenerationEvent.Delta delta)
                    || delta.tokens().isEmpty();
            if (!last && queue.size() >= limits.eventBuffer()) {
                return false;
            }
            return queue.offer(event) == QueueOfferResult.enqueued();
        }

        @Override
        public void complete() {
            if (!queue.isCompleted()) {
                queue.complete();
            }
        }
    }
}
