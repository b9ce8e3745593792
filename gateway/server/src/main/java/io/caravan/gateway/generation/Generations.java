package io.caravan.gateway.generation;

import io.caravan.gateway.tokenizer.Tokenizer;
import io.caravan.proto.actor.SchedulerProtocol;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
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
    private final AtomicInteger running = new AtomicInteger();

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
                        running.decrementAndGet();
                        actor.tell(GenerationActor.ClientGone.INSTANCE);
                    });
                    return NotUsed.getInstance();
                });
    }

    /** Generations whose clients still read. */
    public int running() {
        return running.get();
    }

    /** The last text, and how it ended. */
    private static final int RESERVED_FOR_THE_END = 2;

    private ActorRef<GenerationActor.Command> spawn(
            GenerationRequest request, BoundedSourceQueue<GenerationEvent> queue) {
        running.incrementAndGet();
        long id = ThreadLocalRandom.current().nextLong();
        return system.systemActorOf(
                GenerationActor.create(
                        id, request, tokenizer, limits, scheduler, new QueuePort(queue, limits), observer),
                "generation-" + Long.toUnsignedString(id, 36),
                Props.empty());
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
