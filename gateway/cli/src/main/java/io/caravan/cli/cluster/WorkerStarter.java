package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.address.HostAndPort;
import io.caravan.cli.process.JavaProcess;
import io.caravan.kernels.CpuList;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Starts the worker processes of a local cluster.
 *
 * @param worker the settings {@code caravan.worker} of each
 * @param join where they join
 * @param driverDirectory of the media driver that they share
 * @param moreArguments of each
 * @param logs folder of what they print
 */
record WorkerStarter(Config worker, String join, String driverDirectory, List<String> moreArguments, Path logs)
        implements IntFunction<Process> {

    @Override
    public Process apply(int index) {
        String name = "worker-" + (index + 1);
        int threads = worker.getInt("threads");
        var arguments = new ArrayList<>(List.of(
                "worker",
                "--join=" + join,
                "--name=" + name,
                "--threads=" + threads,
                "--cpus=" + CpuList.parse(worker.getString("cpus")).part(index * threads, threads),
                "--memory=" + worker.getString("memory"),
                "--kernels=" + worker.getString("kernels"),
                "--weight-cache=" + worker.getString("weight-cache.directory"),
                "--cluster-host=" + HostAndPort.parse(join).host(),
                "--cluster-port=0",
                "--bootstrap=seed",
                "--transport-port=0",
                "--driver-directory=" + driverDirectory,
                "--parent-pid=" + ProcessHandle.current().pid()));
        arguments.addAll(moreArguments);
        return JavaProcess.start(arguments, logs.resolve(name + ".out"));
    }
}
