package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import picocli.CommandLine.Option;

/** A cluster on this machine. */
final class LocalFlags {
    @Setting(key = "caravan.local.workers", env = "CARAVAN_WORKERS")
    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "Layer-worker processes; 0 runs the stages in this process. [CARAVAN_WORKERS]")
    private Integer workers;

    @Setting(key = "caravan.local.threads", env = "CARAVAN_THREADS")
    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description =
                    "Compute threads of each worker (default: the processors shared among them). [CARAVAN_THREADS]")
    private Integer threads;
}
