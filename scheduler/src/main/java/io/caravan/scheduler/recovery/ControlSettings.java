package io.caravan.scheduler.recovery;

import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.Precision;

/**
 * What a pipeline is to be, and how patiently.
 *
 * @param version of Caravan; workers of another one are refused
 * @param minWorkers placement waits for so many
 * @param maxRows most rows of a step plan
 * @param retryNs between two tellings of the same thing to a stage that has not answered
 * @param silenceNs a stage that says nothing for so long while it is told things is given up
 * @param suspectNs a worker whose stage owes an answer for so long is looked after
 * @param firstBackoffNs before a worker is tried again with a stage that failed on it; doubles each time
 * @param maxBackoffNs up to this
 * @param maxReconnects times in a row that overdue steps are answered by reconnecting the stages; then they start over
 * @param equalKernelsNs how long a lost stage waits for a worker with the kernels that it had
 */
public record ControlSettings(
        String pipeline,
        ModelRef model,
        String version,
        int stageCount,
        int minWorkers,
        int maxRows,
        int kvBlockTokens,
        Precision precision,
        long retryNs,
        long silenceNs,
        long suspectNs,
        long firstBackoffNs,
        long maxBackoffNs,
        int maxReconnects,
        long equalKernelsNs) {

    public ControlSettings {
        if (stageCount < 1
                || minWorkers < 1
                || retryNs < 1
                || silenceNs < retryNs
                || suspectNs < 1
                || maxReconnects < 0
                || equalKernelsNs < 0) {
            throw new IllegalArgumentException("a pipeline needs stages >= 1, min-workers >= 1, retry > 0,"
                    + " stage-silence >= retry, suspect-after > 0, max-reconnects >= 0 and equal-kernels-wait >= 0, not "
                    + stageCount + ", "
                    + minWorkers + ", " + retryNs + ", " + silenceNs + ", " + suspectNs + ", " + maxReconnects + ", "
                    + equalKernelsNs);
        }
        if (firstBackoffNs < 1 || maxBackoffNs < firstBackoffNs) {
            throw new IllegalArgumentException(
                    "a backoff needs 0 < first <= max, not " + firstBackoffNs + " and " + maxBackoffNs);
        }
    }
}
