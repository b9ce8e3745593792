package io.caravan.cli.verbs;

import io.caravan.cli.CliException;
import io.caravan.cli.config.Setting;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Ends what runs on this machine. */
@Command(name = "stop", description = "Stop the gateways that run on this machine, and their workers.")
public final class StopVerb extends Verb {
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
        var limit = settings(java.util.Map.of()).getDuration("caravan.stop.timeout");
        var states = new RunningStates(home().run());
        var living = states.living();
        if (living.isEmpty()) {
            System.out.println("Nothing runs.");
        }
        for (RunningState state : living) {
            var process = ProcessHandle.of(state.pid());
            process.ifPresent(ProcessHandle::destroy);
            process.ifPresent(handle -> await(handle, limit));
            states.remove(state);
            System.out.printf("Stopped %s (pid %d, %s).%n", state.verb(), state.pid(), state.httpUrl());
        }
        return OK;
    }

    private void await(ProcessHandle process, Duration limit) {
        try {
            process.onExit().get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            if (!force) {
                throw new CliException(
                        "process " + process.pid() + " still runs after " + limit.toSeconds() + " s; --force kills it",
                        late);
            }
            process.destroyForcibly();
            process.onExit().join();
        } catch (ExecutionException e) {
            throw new CliException("cannot wait for process " + process.pid() + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
