package io.caravan.proto.actor;

import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.LayerRange;
import java.util.List;

/**
 * How a pipeline is, for people, probes and metrics.
 *
 * @param serving whether every stage is covered and tokens can come out
 * @param message why it does not serve, or what it is doing; empty when all is well
 * @param recoveries how often a lost stage was replaced
 * @param lastPauseNs from the loss of a stage until plans ran again, the last time
 * @param draftedTokens guessed and verified
 * @param acceptedTokens of these that were right
 * @param notes what people are to know of its answers, although it serves
 * @param maxSequenceTokens longest sequence that is taken: the model's context or all blocks, whichever is less
 */
public record PipelineStatus(
        String pipeline,
        boolean serving,
        String message,
        long epoch,
        List<Stage> stages,
        List<WorkerInfo> workers,
        int waiting,
        int running,
        int kvBlocksUsed,
        int kvBlocksTotal,
        int maxSequenceTokens,
        long preemptions,
        long recoveries,
        long lastPauseNs,
        long stepCount,
        long promptTokens,
        long completionTokens,
        long draftedTokens,
        long acceptedTokens,
        List<String> notes)
        implements CaravanMessage {

    public PipelineStatus {
        stages = List.copyOf(stages);
        workers = List.copyOf(workers);
        notes = List.copyOf(notes);
    }

    /**
     * One stage.
     *
     * @param loadedShare of its weights, 0 to 1
     * @param busyNs time its kernels ran in this epoch
     * @param idleNs time it waited while plans were in flight in this epoch
     * @param hopP50Ns median of the frames' way to it, lately
     */
    public record Stage(
            int index,
            LayerRange layers,
            String worker,
            StageState state,
            double loadedShare,
            String kernels,
            HeldWeights weights,
            long kvBytes,
            long busyNs,
            long idleNs,
            long hopP50Ns,
            long hopP99Ns) {}
}
