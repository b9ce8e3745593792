package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import picocli.CommandLine.Option;

/** What a worker may use, wherever it runs. */
final class ComputeFlags {
    @Setting(key = "caravan.worker.memory", env = "CARAVAN_MEMORY")
    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            description = "For all stages of a worker, as '12 GiB', '50%%' or auto. [CARAVAN_MEMORY]")
    private String memory;

    @Setting(key = "caravan.worker.weight-cache.directory", env = "CARAVAN_WEIGHT_CACHE")
    @Option(
            names = "--weight-cache",
            paramLabel = "DIR",
            description = "Where packed weights are kept for the next start; empty: nowhere. [CARAVAN_WEIGHT_CACHE]")
    private String weightCache;

    @Setting(key = "caravan.worker.cpus", env = "CARAVAN_CPUS")
    @Option(
            names = "--cpus",
            paramLabel = "LIST",
            description = "CPUs that compute threads are pinned to, as 0-3,8 (default: none). [CARAVAN_CPUS]")
    private String cpus;

    @Setting(key = "caravan.worker.kernels", env = "CARAVAN_KERNELS")
    @Option(
            names = "--kernels",
            paramLabel = "auto|native|vector|scalar",
            description = "Kernel provider. [CARAVAN_KERNELS]")
    private String kernels;
}
