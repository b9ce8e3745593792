package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.address.HostAndPort;
import io.caravan.cli.process.Children;
import io.caravan.cli.process.JavaProcess;
import io.caravan.kernels.CpuList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Starts the worker processes of a local cluster.
 *
 * @param worker the settings {@code caravan.worker} of each
 * @param join where they join
 * @param driverDirectory of the media driver that they share
 * @param moreArguments of each
 * @param nativeKernels whether those of each are native for sure
 * @param logs folder of what they print
 */
record WorkerStarter(
        Config worker,
        String join,
        String driverDirectory,
        List<String> moreArguments,
        boolean nativeKernels,
        Path logs)
        implements Children {
    private static final int MOST_LINE_CHARS = 200;

    @Override
    public Process start(int index) {
        int threads = worker.getInt("threads");
        var arguments = new ArrayList<>(List.of(
                "worker",
                "--join=" + join,
                "--name=" + name(index),
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
        return JavaProcess.start(arguments, nativeKernels, output(index));
    }

    @Override
    public String name(int index) {
        return "worker-" + (index + 1);
    }

    /** Several clusters of one user may run at once. */
    private Path output(int index) {
        return logs.resolve(name(index) + "-of-" + ProcessHandle.current().pid() + ".out");
    }

    @Override
    public String lastLine(int index) {
        try (var lines = Files.lines(output(index))) {
            String last = lines.filter(line -> !line.isBlank()).reduce("", (before, line) -> line.strip());
            return last.length() > MOST_LINE_CHARS ? last.substring(0, MOST_LINE_CHARS) + "..." : last;
        } catch (IOException | UncheckedIOException unreadable) {
            return "";
        }
    }
}
