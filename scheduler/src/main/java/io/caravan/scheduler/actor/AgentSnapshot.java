package io.caravan.scheduler.actor;

import io.caravan.scheduler.engine.EngineStatus;
import java.util.List;

/** The scheduler's thread as it was a moment ago; {@code stages} is empty until results came. */
record AgentSnapshot(EngineStatus engine, List<StageFigures> stages) {

    /** Sums of this epoch, and percentiles of the last hops. */
    record StageFigures(long busyNs, long idleNs, long hopP50Ns, long hopP99Ns) {
        static final StageFigures NONE = new StageFigures(0, 0, 0, 0);
    }

    StageFigures stage(int index) {
        return index < stages.size() ? stages.get(index) : StageFigures.NONE;
    }
}
