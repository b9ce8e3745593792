package io.caravan.proto.kryo;

import io.caravan.proto.actor.AnswerSetting;
import io.caravan.proto.actor.ClusterView;
import io.caravan.proto.actor.MembershipProtocol;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.actor.SequenceEvent;
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
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The records and enums that may cross a process border, with their numbers. A number is never used again for another
 * class. Numbers below 20 belong to Kryo's own types, 20 to 29 to those with serializers of ours ({@link KryoFactory}).
 */
final class MessageClasses {
    /** A class and its number on the wire. */
    record Entry(int id, Class<?> type) {}

    static final List<Entry> TABLE = checked(
            new Entry(30, StageProtocol.Load.class),
            new Entry(31, StageProtocol.Connect.class),
            new Entry(32, StageProtocol.Drain.class),
            new Entry(33, StageProtocol.Unload.class),
            new Entry(34, StageProtocol.GetStatus.class),
            new Entry(40, StageEvent.Loading.class),
            new Entry(41, StageEvent.Ready.class),
            new Entry(42, StageEvent.Serving.class),
            new Entry(43, StageEvent.Drained.class),
            new Entry(44, StageEvent.Failed.class),
            new Entry(45, StageEvent.Misplaced.class),
            new Entry(46, StageEvent.Status.class),
            new Entry(47, StageEvent.StepFailed.class),
            new Entry(50, SchedulerProtocol.Submit.class),
            new Entry(51, SchedulerProtocol.Cancel.class),
            new Entry(52, SchedulerProtocol.WorkerLeaving.class),
            new Entry(53, SchedulerProtocol.Released.class),
            new Entry(54, SchedulerProtocol.GetStatus.class),
            new Entry(55, SchedulerProtocol.WorkerGone.class),
            new Entry(60, SequenceEvent.Accepted.class),
            new Entry(61, SequenceEvent.Tokens.class),
            new Entry(62, SequenceEvent.Finished.class),
            new Entry(63, SequenceEvent.Refused.class),
            new Entry(64, SequenceEvent.Refusal.class),
            new Entry(70, WorkerProtocol.Describe.class),
            new Entry(71, WorkerProtocol.Refuse.class),
            new Entry(72, WorkerInfo.class),
            new Entry(80, PipelineStatus.class),
            new Entry(81, PipelineStatus.Stage.class),
            new Entry(90, StageId.class),
            new Entry(91, StageAssignment.class),
            new Entry(92, StageState.class),
            new Entry(93, LayerRange.class),
            new Entry(94, ModelRef.class),
            new Entry(95, TensorType.class),
            new Entry(96, LinkEndpoint.class),
            new Entry(101, Precision.class),
            new Entry(102, WeightChoice.class),
            new Entry(103, ActivationChoice.class),
            new Entry(104, Bf16Storage.class),
            new Entry(105, HeldWeights.class),
            new Entry(97, SequenceRequest.class),
            new Entry(98, Sampling.class),
            new Entry(99, TokenChoice.class),
            new Entry(100, FinishReason.class),
            new Entry(120, MembershipProtocol.Greet.class),
            new Entry(121, MembershipProtocol.Greeted.class),
            new Entry(122, MembershipProtocol.Yield.class),
            new Entry(123, MembershipProtocol.Come.class),
            new Entry(124, MembershipProtocol.Move.class),
            new Entry(125, ClusterView.class),
            new Entry(126, AnswerSetting.class));

    private MessageClasses() {}

    private static List<Entry> checked(Entry... entries) {
        Set<Object> seen = new HashSet<>();
        for (Entry entry : entries) {
            if (entry.id() < KryoFactory.FIRST_MESSAGE_ID || !seen.add(entry.id()) || !seen.add(entry.type())) {
                throw new IllegalStateException("number " + entry.id() + " of " + entry.type() + " is taken");
            }
        }
        return List.of(entries);
    }
}
