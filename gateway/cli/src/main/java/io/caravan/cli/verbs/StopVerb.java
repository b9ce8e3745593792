package io.caravan.cli.verbs;

import io.caravan.cli.CliException;
import io.caravan.cli.config.Setting;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Ends what runs on this machine: all at once, so that one that takes its time keeps no other alive. */
@Command(name = "stop", description = "Stop the gateways that run on this machine, and their workers.")
public final class StopVerb extends Verb {
    private static final int STILL_RUNS = 1;

    @Parameters(
            paramLabel = "GATEWAY",
            arity = "0..*",
            description = "The name of its model, its HTTP port, or its process id (default: all of them).")
    private List<String> wanted = new ArrayList<>();

    @Setting(key = "caravan.stop.timeout", env = "CARAVAN_STOP_TIMEOUT")
    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            description = "How long streams may take to finish, as 60s (the default). [CARAVAN_STOP_TIMEOUT]")
    private String timeout;

    @Option(names = "--force", description = "Kill what does not end in time.")
    private boolean force;

    @Override
    public Integer call() {
        var limit = settings(Map.of()).getDuration("caravan.stop.timeout");
        if (limit.isNegative()) {
            throw new CliException("--timeout must not be negative, but " + limit.toMillis() + " ms");
        }
        var states = new RunningStates(home().run());
        var chosen = chosen(states.living());
        chosen.forEach(state -> ProcessHandle.of(state.pid()).ifPresent(ProcessHandle::destroy));
        if (chosen.isEmpty()) {
            System.out.println("Nothing runs.");
        }
        return await(chosen, limit, states);
    }

    private List<RunningState> chosen(List<RunningState> living) {
        if (wanted.isEmpty()) {
            return living;
        }
        var chosen = new LinkedHashSet<RunningState>();
        for (String each : wanted) {
            var meant = living.stream().filter(state -> state.isCalled(each)).toList();
            if (meant.isEmpty()) {
                throw new CliException("no gateway with the model, port or process id '" + each + "' runs here; "
                        + Gateways.described(living));
            }
            chosen.addAll(meant);
        }
        return List.copyOf(chosen);
    }

    private int await(List<RunningState> told, Duration limit, RunningStates states) {
        long deadlineNs = System.nanoTime() + limit.toNanos();
        int status = OK;
        for (RunningState state : told) {
            if (ended(state, deadlineNs)) {
                states.remove(state);
                System.out.printf("Stopped %s (pid %d, %s).%n", state.verb(), state.pid(), state.httpUrl());
            } else {
                System.err.printf(
                        "caravan: %s (pid %d, %s) still runs after %.1f s; --force kills it%n",
                        state.verb(), state.pid(), state.httpUrl(), limit.toMillis() / 1e3);
                status = STILL_RUNS;
            }
        }
        return status;
    }

    private boolean ended(RunningState state, long deadlineNs) {
        var process = ProcessHandle.of(state.pid());
        return process.isEmpty() || endsInTime(process.get(), deadlineNs) || (force && killed(process.get()));
    }

    private static boolean endsInTime(ProcessHandle process, long deadlineNs) {
        try {
            process.onExit().get(Math.max(0, deadlineNs - System.nanoTime()), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException late) {
            return false;
        } catch (ExecutionException e) {
            throw new CliException("cannot wait for process " + process.pid() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean killed(ProcessHandle process) {
        process.destroyForcibly();
        process.onExit().join();
        return true;
    }
}
