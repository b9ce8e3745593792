package io.caravan.gateway;

import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * A pipeline without a model: each prompt has one completion, told by {@code script}, and comes a token every {@code
 * pause}. What it hears of submissions and cancellations can be waited for.
 */
public final class FakeScheduler extends AbstractBehavior<SchedulerProtocol.Command> {

    private static final String USUAL_REASON = "stage 1 has no worker";

    /** How the pipeline behaves. */
    public static final class Script {
        public volatile Function<SequenceRequest, TokenIds> completion = request -> TokenIds.EMPTY;
        public volatile Duration pause = Duration.ZERO;
        /** Each token is told twice. */
        public volatile boolean repeats;
        /** The token at this index of a completion is lost, once for each sequence; -1 loses none. */
        public volatile int lostIndex = -1;
        /** The first submission of each sequence is lost. */
        public volatile boolean deafOnce;
        /** Nothing is answered at all, status included. */
        public volatile boolean dead;

        public volatile boolean serving = true;
        /** Why it does not serve, or refuses, in the pipeline's own words. */
        public volatile String reason = USUAL_REASON;

        public volatile List<SequenceEvent.Refusal> refusal = List.of();
        /** What {@link #reset} goes back to. */
        public volatile Function<SequenceRequest, TokenIds> usualCompletion = request -> TokenIds.EMPTY;

        public final BlockingQueue<SequenceRequest> submitted = new LinkedBlockingQueue<>();
        public final BlockingQueue<Long> cancelled = new LinkedBlockingQueue<>();

        /** Behaves well again, and forgets what was heard. */
        public void reset() {
            completion = usualCompletion;
            pause = Duration.ZERO;
            repeats = false;
            lostIndex = -1;
            deafOnce = false;
            dead = false;
            serving = true;
            reason = USUAL_REASON;
            refusal = List.of();
            submitted.clear();
            cancelled.clear();
        }
    }

    private static final class Running {
        private final SequenceRequest request;
        private final ActorRef<SequenceEvent> replyTo;
        private final TokenIds completion;
        private int told;

        private Running(SequenceRequest request, ActorRef<SequenceEvent> replyTo, TokenIds completion) {
            this.request = request;
            this.replyTo = replyTo;
            this.completion = completion;
            this.told = request.completion().size();
        }
    }

    private final Script script;
    private final Map<Long, Running> running = new HashMap<>();
    private final Map<Long, Integer> submissions = new HashMap<>();
    private final TimerScheduler<SchedulerProtocol.Command> timers;

    private FakeScheduler(
            ActorContext<SchedulerProtocol.Command> context,
            TimerScheduler<SchedulerProtocol.Command> timers,
            Script script) {
        super(context);
        this.script = script;
        this.timers = timers;
    }

    public static Behavior<SchedulerProtocol.Command> create(Script script) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> new FakeScheduler(context, timers, script)));
    }

    @Override
    public Receive<SchedulerProtocol.Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(SchedulerProtocol.Submit.class, this::onSubmit)
                .onMessage(SchedulerProtocol.Cancel.class, this::onCancel)
                .onMessage(SchedulerProtocol.GetStatus.class, this::onStatus)
                .onMessage(SchedulerProtocol.WorkerGone.class, tick -> onTick(Long.parseLong(tick.address())))
                .build();
    }

    private Behavior<SchedulerProtocol.Command> onSubmit(SchedulerProtocol.Submit submit) {
        SequenceRequest request = submit.request();
        script.submitted.add(request);
        int times = submissions.merge(request.id(), 1, Integer::sum);
        if (script.dead || script.deafOnce && times == 1) {
            return this;
        }
        if (!script.refusal.isEmpty()) {
            SequenceEvent.Refusal refusal = script.refusal.getFirst();
            submit.replyTo().tell(new SequenceEvent.Refused(request.id(), refusal, script.reason));
            return this;
        }
        submit.replyTo().tell(new SequenceEvent.Accepted(request.id()));
        TokenIds whole = script.completion.apply(request);
        var one = new Running(request, submit.replyTo(), whole);
        running.put(request.id(), one);
        return onTick(request.id());
    }

    private Behavior<SchedulerProtocol.Command> onTick(long id) {
        Running one = running.get(id);
        while (one != null && one.told < end(one)) {
            tell(one);
            if (!script.pause.isZero()) {
                // a private message would need a wider protocol: the one that a worker's end is told with carries the
                // id
                timers.startSingleTimer(id, new SchedulerProtocol.WorkerGone(Long.toString(id)), script.pause);
                return this;
            }
        }
        if (one != null) {
            boolean whole = one.completion.size() <= one.request.maxCompletionTokens();
            one.replyTo.tell(new SequenceEvent.Finished(id, whole ? FinishReason.STOP : FinishReason.LENGTH, end(one)));
            running.remove(id);
        }
        return this;
    }

    private static int end(Running one) {
        return Math.min(one.completion.size(), one.request.maxCompletionTokens());
    }

    private void tell(Running one) {
        int index = one.told++;
        boolean lost = index == script.lostIndex && submissions.get(one.request.id()) == 1;
        if (!lost) {
            TokenChoice choice = choice(one.request, index, one.completion.get(index));
            var event = new SequenceEvent.Tokens(one.request.id(), List.of(choice));
            one.replyTo.tell(event);
            if (script.repeats) {
                one.replyTo.tell(event);
            }
        }
    }

    private static TokenChoice choice(SequenceRequest request, int index, int token) {
        int position = request.prompt().size() + index;
        int alternatives = request.sampling().topLogprobs();
        if (alternatives < 0) {
            return TokenChoice.plain(position, token);
        }
        int[] ids = new int[alternatives];
        float[] logprobs = new float[alternatives];
        for (int i = 0; i < alternatives; i++) {
            ids[i] = i == 0 ? token : 300 + i;
            logprobs[i] = -0.5f - i;
        }
        return new TokenChoice(position, token, -0.5f, TokenIds.of(ids), logprobs, new float[0]);
    }

    private Behavior<SchedulerProtocol.Command> onCancel(SchedulerProtocol.Cancel cancel) {
        running.remove(cancel.sequenceId());
        timers.cancel(cancel.sequenceId());
        script.cancelled.add(cancel.sequenceId());
        return this;
    }

    private Behavior<SchedulerProtocol.Command> onStatus(SchedulerProtocol.GetStatus ask) {
        if (!script.dead) {
            ask.replyTo().tell(status());
        }
        return this;
    }

    private PipelineStatus status() {
        var stage = new PipelineStatus.Stage(
                0,
                new LayerRange(0, 8),
                "worker-1",
                StageState.SERVING,
                1,
                "scalar",
                new HeldWeights(1, "BF16"),
                1,
                2_000_000_000L,
                1_000_000_000L,
                20_000,
                90_000);
        return new PipelineStatus(
                "tiny-chat",
                script.serving,
                script.serving ? "" : script.reason,
                3,
                List.of(stage),
                List.of(),
                1,
                running.size(),
                5,
                20,
                512,
                7,
                2,
                1_500_000_000L,
                100,
                1000,
                2000,
                40,
                30,
                List.of());
    }
}
