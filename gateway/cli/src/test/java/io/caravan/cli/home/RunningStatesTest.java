package io.caravan.cli.home;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunningStatesTest {
    @TempDir
    private Path folder;

    @Test
    void shouldFindWhatALivingProcessWrote() {
        var states = new RunningStates(folder);
        var state = ofThisProcess();

        states.write(state);

        assertThat(new RunningStates(folder).living()).containsExactly(state);
    }

    @Test
    void shouldForgetWhatWasRemoved() {
        var states = new RunningStates(folder);
        states.write(ofThisProcess());

        states.remove(ofThisProcess());
        states.remove(ofThisProcess());

        assertThat(states.living()).isEmpty();
    }

    @Test
    void shouldSweepAwayTheFilesOfDeadProcesses() {
        var states = new RunningStates(folder);
        var living = ofThisProcess();
        // the same process id, but it began at another time: the number was used again
        states.write(new RunningState(
                living.pid(),
                living.startedAtMs() - 1,
                "up",
                "tiny",
                "/models/tiny",
                "http://127.0.0.1:1",
                "",
                "a:1",
                false));

        assertThat(states.living()).isEmpty();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldSweepAwayDamagedFiles() throws IOException {
        Files.writeString(folder.resolve("17.json"), "{ half");

        assertThat(new RunningStates(folder).living()).isEmpty();
        assertThat(folder).isEmptyDirectory();
    }

    private static RunningState ofThisProcess() {
        return RunningState.ofThisProcess(
                "up", "tiny", "/models/tiny", "http://127.0.0.1:8080", "127.0.0.1:50051", "127.0.0.1:7001");
    }
}
