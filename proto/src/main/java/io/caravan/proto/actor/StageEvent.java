package io.caravan.proto.actor;

import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.model.HeldWeights;

/** What a stage reports. */
public sealed interface StageEvent extends CaravanMessage {
    StageId stage();

    /** Of the placement that the stage holds to. */
    long epoch();

    /** Weights are being mapped and memory taken. */
    record Loading(StageId stage, long epoch, long loadedBytes, long totalBytes) implements StageEvent {}

    /** The stage can compute; the one before it sends to {@code inbox}. */
    record Ready(
            StageId stage,
            long epoch,
            String worker,
            LinkEndpoint inbox,
            String kernels,
            HeldWeights weights,
            long kvBytes)
            implements StageEvent {}

    /** The stage computes plans of this epoch. */
    record Serving(StageId stage, long epoch) implements StageEvent {}

    /** The stage has nothing in flight and takes nothing new. */
    record Drained(StageId stage, long epoch) implements StageEvent {}

    /** The stage cannot go on; {@code reason} says what was wrong, where, and what would be right. */
    record Failed(StageId stage, long epoch, String worker, String reason) implements StageEvent {}

    /**
     * A step of this epoch came to nothing here, and what comes after it will find no place: either the stage could not read it,
     * and goes on, or its kernels broke down over it, and {@link Failed} follows.
     *
     * @param step its number; 0 where that is not known
     */
    record StepFailed(StageId stage, long epoch, long step, String reason, boolean goesOn) implements StageEvent {}

    /** Sharding started the stage on another worker than placement chose. */
    record Misplaced(StageId stage, long epoch, String worker) implements StageEvent {}

    /** How the stage is. */
    record Status(StageId stage, long epoch, String worker, StageState state, long stepCount, long busyNs, long idleNs)
            implements StageEvent {}
}
