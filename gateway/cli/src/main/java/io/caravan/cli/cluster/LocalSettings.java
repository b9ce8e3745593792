package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.kernels.CpuList;
import io.caravan.worker.WorkerSettings;
import java.time.Duration;

/**
 * A cluster on this machine alone: {@code caravan.local}.
 *
 * @param workers layer-worker processes; 0 runs the stages in this process
 * @param threads compute threads of each worker
 * @param restart whether a worker that ended by itself is started again
 * @param restartFirstDelay before the first restart in a row; it doubles up to {@code restartLastDelay}
 * @param restartReset a worker that ran this long counts as healthy again
 * @param startTimeout longest wait until the pipeline serves
 */
public record LocalSettings(
        int workers,
        int threads,
        boolean restart,
        Duration restartFirstDelay,
        Duration restartLastDelay,
        Duration restartReset,
        Duration startTimeout) {

    /** More processes than this on one machine are a mistake. */
    private static final int MOST_WORKERS = 256;

    public LocalSettings {
        if (workers < 0 || workers > MOST_WORKERS) {
            throw new CliException("--workers must be between 0 and " + MOST_WORKERS + ", not " + workers);
        }
        if (threads < 1 || threads > WorkerSettings.MOST_THREADS) {
            throw new CliException(
                    "--threads must be between 1 and " + WorkerSettings.MOST_THREADS + ", not " + threads);
        }
    }

    /**
     * Parses the key {@code caravan.local} of {@code config}; threads of 0 share {@code processors}, or the CPUs that they are
     * pinned to, among the workers.
     */
    public static LocalSettings from(Config config, int processors) {
        var local = config.getConfig("caravan.local");
        int workers = local.getInt("workers");
        int threads = local.getInt("threads");
        int cpus = CpuList.parse(config.getString("caravan.worker.cpus")).cpus().size();
        int shared = cpus == 0 ? processors : cpus;
        return new LocalSettings(
                workers,
                threads == 0 ? Math.max(1, shared / Math.max(1, workers)) : threads,
                local.getBoolean("restart"),
                local.getDuration("restart-first-delay"),
                local.getDuration("restart-last-delay"),
                local.getDuration("restart-reset"),
                local.getDuration("start-timeout"));
    }
}
