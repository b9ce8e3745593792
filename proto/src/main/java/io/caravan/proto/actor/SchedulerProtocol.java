package io.caravan.proto.actor;

import io.caravan.proto.sequence.SequenceRequest;
import org.apache.pekko.actor.typed.ActorRef;

/** What the pipeline's cluster singleton is asked: by gateways, by workers, and by people. */
public interface SchedulerProtocol {

    /** Name of the singleton, which runs among the members with {@link #ROLE}. */
    String SINGLETON = "caravan-pipeline";

    /** Cluster role of the processes that may host the singleton. */
    String ROLE = "gateway";

    /** Cluster role of the processes that host stages. */
    String WORKER_ROLE = "worker";

    /** Entity type of the sharded stages. */
    String STAGE_TYPE = "caravan-stage";

    sealed interface Command extends CaravanMessage {}

    /**
     * Continue this sequence and report to {@code replyTo}, whose death cancels it. Submitting an id again is harmless:
     * tokens already committed after {@code request.completion()} are sent once more.
     */
    record Submit(SequenceRequest request, ActorRef<SequenceEvent> replyTo) implements Command {}

    /** The sequence is no longer wanted; its blocks are given back at once. */
    record Cancel(long sequenceId) implements Command {}

    /**
     * The worker is about to end and still serves: its stages are to go elsewhere. Answered with {@link Released} once none
     * is on it any more, so that it may go.
     */
    record WorkerLeaving(String address, ActorRef<Released> replyTo) implements Command {}

    /** Answer to {@link WorkerLeaving}. */
    record Released(String address) implements CaravanMessage {}

    /** Answered with {@link PipelineStatus}. */
    record GetStatus(ActorRef<PipelineStatus> replyTo) implements Command {}

    /** A supervisor saw a worker's process end: no need to wait for the failure detector. */
    record WorkerGone(String address) implements Command {}
}
