package io.caravan.scheduler.recovery;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageSeat;
import io.caravan.proto.link.LinkEndpoint;

/** What {@link PipelineControl} wants done. */
public sealed interface Effect {

    /** Tell a stage what to be. */
    record Load(StageAssignment assignment) implements Effect {}

    /** Tell a stage where to send what it computes. */
    record Connect(StageSeat seat, long epoch, LinkEndpoint next) implements Effect {}

    /** Tell a stage to start over with nothing. */
    record Unload(StageSeat seat) implements Effect {}

    /** Reset the engine and send plans to {@code firstStage}. */
    record Start(long epoch, int kvBlockCount, LinkEndpoint firstStage) implements Effect {}

    /** Send no plans; {@code why} is what those hear whose deadline passes meanwhile. */
    record Suspend(String why) implements Effect {}

    /** Tokens come out again, {@code pauseNs} after they stopped; 0 the first time. */
    record Resumed(long epoch, long pauseNs) implements Effect {}

    /** Tell people; nothing is to be done. */
    record Warn(String what) implements Effect {}

    /** Find out whether a worker's process still runs; one that is gone is reported as gone. */
    record Check(String worker) implements Effect {}

    /** Make the cluster forget a member whose process is gone. */
    record Down(String worker) implements Effect {}

    /** Tell a worker that it cannot be used. */
    record Refuse(String worker, String reason) implements Effect {}
}
