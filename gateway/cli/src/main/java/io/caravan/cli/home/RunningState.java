package io.caravan.cli.home;

import java.net.URI;
import java.time.Instant;

/**
 * What a running gateway process tells other processes of the same user about itself.
 *
 * @param pid of the gateway's process
 * @param startedAtMs when that process started, by the operating system: a process id is used again, this pair is not
 * @param verb that started it
 * @param model what clients call the model
 * @param modelDirectory its folder
 * @param httpUrl where it is reached
 * @param grpcAddress host and port
 * @param clusterAddress host and port at which workers join
 * @param ending whether it was told to end and finishes its streams
 */
public record RunningState(
        long pid,
        long startedAtMs,
        String verb,
        String model,
        String modelDirectory,
        String httpUrl,
        String grpcAddress,
        String clusterAddress,
        boolean ending) {

    /** Of this very process. */
    public static RunningState ofThisProcess(
            String verb,
            String model,
            String modelDirectory,
            String httpUrl,
            String grpcAddress,
            String clusterAddress) {
        var process = ProcessHandle.current();
        return new RunningState(
                process.pid(),
                startedAtMs(process),
                verb,
                model,
                modelDirectory,
                httpUrl,
                grpcAddress,
                clusterAddress,
                false);
    }

    /** The same from when it was told to end. */
    public RunningState whenEnding() {
        return new RunningState(
                pid, startedAtMs, verb, model, modelDirectory, httpUrl, grpcAddress, clusterAddress, true);
    }

    /** Whether people may mean it by {@code name}: its model, HTTP port, address or process id. */
    public boolean isCalled(String name) {
        return name.equals(model)
                || name.equals(httpUrl)
                || name.equals(Integer.toString(URI.create(httpUrl).getPort()))
                || name.equals(Long.toString(pid));
    }

    /** Whether the process that wrote this still runs. */
    public boolean runs() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(process -> startedAtMs(process) == startedAtMs)
                .isPresent();
    }

    /** 0 where the operating system does not tell. */
    private static long startedAtMs(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }
}
