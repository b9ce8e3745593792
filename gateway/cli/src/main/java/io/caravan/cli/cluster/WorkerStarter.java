package io.caravan.cli.cluster;

import io.caravan.cli.process.JavaProcess;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/**
 * Starts the worker processes of a local cluster.
 *
 * @param join where they join
 * @param driverDirectory of the media driver that they share
 * @param moreArguments of each
 * @param logs folder of what they print
 */
record WorkerStarter(String join, String driverDirectory, LocalSettings settings, List<String> moreArguments, Path logs)
        implements IntFunction<Process> {
    /** Of the machine's memory, for all workers together. */
    private static final int MEMORY_PERCENT = 80;

    @Override
    public Process apply(int index) {
        String name = "worker-" + (index + 1);
        var arguments = new ArrayList<>(List.of(
                "worker",
                "--join=" + join,
                "--name=" + name,
                "--threads=" + settings.threads(),
                "--cluster-host=127.0.0.1",
                "--cluster-port=0",
                "--bootstrap=seed",
                "--transport-port=0",
                "--driver-directory=" + driverDirectory,
                "--parent-pid=" + ProcessHandle.current().pid()));
        arguments.addAll(moreArguments);
        if (moreArguments.stream().noneMatch(argument -> argument.startsWith("--memory"))) {
            arguments.add("--memory=" + Math.max(1, MEMORY_PERCENT / settings.workers()) + "%");
        }
        return JavaProcess.start(arguments, Map.of(), logs.resolve(name + ".out"));
    }
}
