package io.caravan.worker.stage;

import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemEpochNanoClock;
import org.agrona.concurrent.SystemNanoClock;

/**
 * The two times a stage needs.
 *
 * @param wall since 1970, to be compared with other hosts'
 * @param elapsed from any origin, for durations
 */
public record StageClock(EpochNanoClock wall, NanoClock elapsed) {

    /** The system's clocks. */
    public static final StageClock SYSTEM = new StageClock(SystemEpochNanoClock.INSTANCE, SystemNanoClock.INSTANCE);
}
