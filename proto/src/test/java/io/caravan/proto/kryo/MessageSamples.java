package io.caravan.proto.kryo;

import io.caravan.proto.actor.AnswerSetting;
import io.caravan.proto.actor.CaravanMessage;
import io.caravan.proto.actor.ClusterView;
import io.caravan.proto.actor.MembershipProtocol;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.actor.SequenceEvent.Refusal;
import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.actor.StageProtocol;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.actor.WorkerProtocol;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.WeightChoice;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.pekko.actor.typed.ActorRef;

/** At least one of each message, with something in every field. */
final class MessageSamples {
    private static final StageId STAGE = new StageId("pipeline", 1);
    private static final LinkEndpoint INBOX = new LinkEndpoint("10.0.0.7", 40123, 77, "host:/dev/shm/driver");
    private static final WorkerInfo WORKER = new WorkerInfo(
            "pekko://caravan@10.0.0.7:25520", "wörker-1", "0.1.0", 4711, 8, 1L << 40, 20_000_000_000L, "vector/avx2");
    private static final Sampling SAMPLING =
            new Sampling(0.8f, 50, 0.9f, 0.1f, 1.2f, -0.5f, 2, Long.MIN_VALUE, 20, Map.of(3, 1.5f, 128_000, -100f));
    private static final TokenChoice CHOICE =
            new TokenChoice(9, 128_255, -0.25f, TokenIds.of(128_255, 0), new float[] {-0.25f, -7f}, new float[] {
                Float.NEGATIVE_INFINITY, 0, 1
            });

    private MessageSamples() {}

    /** @param ref some actor; what it takes does not matter here */
    static List<CaravanMessage> all(ActorRef<Object> ref) {
        return Stream.of(
                        stage(ref.unsafeUpcast(), ref.unsafeUpcast()),
                        scheduler(ref),
                        sequence(),
                        other(ref),
                        membership(ref))
                .flatMap(List::stream)
                .toList();
    }

    private static List<CaravanMessage> stage(ActorRef<StageEvent> ref, ActorRef<StageEvent> other) {
        StageAssignment assignment = new StageAssignment(
                STAGE,
                3,
                new LayerRange(4, 9),
                new ModelRef("/models/llama", "sha256:abc"),
                WORKER.address(),
                5,
                1_000,
                16,
                new Precision(
                        WeightChoice.Q8_0,
                        ActivationChoice.BF16,
                        TensorType.F16,
                        TensorType.BF16,
                        Bf16Storage.SIXTEEN_BITS),
                512);
        return List.of(
                new StageProtocol.Load(assignment, ref),
                new StageProtocol.Connect(5, INBOX, other),
                new StageProtocol.Drain(ref),
                new StageProtocol.Unload(),
                new StageProtocol.GetStatus(ref),
                new StageEvent.Loading(STAGE, 5, 1L << 33, 1L << 34),
                new StageEvent.Ready(
                        STAGE,
                        5,
                        WORKER.address(),
                        INBOX,
                        "scalar/x",
                        new HeldWeights(1L << 34, "BF16 in 12 bits"),
                        1L << 35),
                new StageEvent.Serving(STAGE, 5),
                new StageEvent.Drained(STAGE, 5),
                new StageEvent.Failed(STAGE, 5, WORKER.address(), "no room: 3 GiB needed, 2 GiB free"),
                new StageEvent.StepFailed(STAGE, 5, 17, "a step broke down: ArithmeticException", true),
                new StageEvent.Misplaced(STAGE, 5, WORKER.address()),
                new StageEvent.Status(STAGE, 5, WORKER.address(), StageState.DRAINING, 7, 8, 9));
    }

    private static List<CaravanMessage> scheduler(ActorRef<Object> ref) {
        SequenceRequest request = new SequenceRequest(
                -7,
                TokenIds.of(1, 2, 3),
                TokenIds.of(4),
                100,
                TokenIds.of(2, 128_009),
                SAMPLING,
                Duration.ofMillis(90_500),
                true);
        SequenceRequest plain = new SequenceRequest(
                8, TokenIds.of(1), TokenIds.EMPTY, 1, TokenIds.EMPTY, Sampling.GREEDY, Duration.ofSeconds(1), false);
        return List.of(
                new SchedulerProtocol.Submit(request, ref.unsafeUpcast()),
                new SchedulerProtocol.Submit(plain, ref.unsafeUpcast()),
                new SchedulerProtocol.Cancel(Long.MAX_VALUE),
                new SchedulerProtocol.WorkerLeaving("pekko://caravan@a:1", ref.unsafeUpcast()),
                new SchedulerProtocol.Released("pekko://caravan@a:1"),
                new SchedulerProtocol.GetStatus(ref.unsafeUpcast()),
                new SchedulerProtocol.WorkerGone(WORKER.address()));
    }

    private static List<CaravanMessage> sequence() {
        List<TokenChoice> choices = new ArrayList<>(List.of(CHOICE, TokenChoice.plain(10, 0)));
        return List.of(
                new SequenceEvent.Accepted(1),
                new SequenceEvent.Tokens(2, choices),
                new SequenceEvent.Tokens(2, Collections.unmodifiableList(choices)),
                new SequenceEvent.Tokens(2, Arrays.asList(CHOICE)),
                new SequenceEvent.Tokens(2, List.of()),
                new SequenceEvent.Finished(3, FinishReason.DEADLINE, 12),
                new SequenceEvent.Refused(4, Refusal.OVERLOADED, "später vielleicht 🦙"),
                new SequenceEvent.Refused(5, Refusal.FAILED, "logits are not numbers"));
    }

    private static List<CaravanMessage> other(ActorRef<Object> ref) {
        PipelineStatus.Stage stage = new PipelineStatus.Stage(
                0,
                new LayerRange(0, 4),
                WORKER.address(),
                StageState.LOADING,
                0.5,
                "vector/avx2",
                new HeldWeights(1, "BF16"),
                2,
                3,
                4,
                5,
                6);
        PipelineStatus status = new PipelineStatus(
                "pipeline",
                true,
                "",
                5,
                List.of(stage, stage),
                List.of(WORKER),
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
                9,
                10,
                11,
                12,
                13,
                List.of("stage 0 computes with scalar"));
        return List.of(
                new WorkerProtocol.Describe(ref.unsafeUpcast()),
                new WorkerProtocol.Refuse("another version"),
                WORKER,
                status);
    }

    private static List<CaravanMessage> membership(ActorRef<Object> ref) {
        var view = new ClusterView(
                "pekko://caravan@a:1",
                Long.MIN_VALUE,
                true,
                true,
                List.of("pekko://caravan@a:1"),
                3,
                1L << 40,
                List.of(new AnswerSetting("caravan.pipeline.quantize", "q8_0")));
        return List.of(
                new MembershipProtocol.Greet(view, ref.unsafeUpcast()),
                new MembershipProtocol.Greeted(view),
                new MembershipProtocol.Yield(view, ref.unsafeUpcast()),
                new MembershipProtocol.Come(List.of("pekko://caravan@b:2")),
                new MembershipProtocol.Move(List.of("pekko://caravan@b:2")));
    }
}
