package io.caravan.cli.home;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.cli.CliException;
import io.caravan.cli.FileTrouble;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The state files of one user's running gateways, one a process; files that dead processes left are removed. */
public final class RunningStates {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path folder;

    public RunningStates(Path folder) {
        this.folder = folder;
    }

    /** Writes {@code state}; readers see all of it or nothing. */
    public void write(RunningState state) {
        var file = fileOf(state);
        var half = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.createDirectories(folder);
            JSON.writerWithDefaultPrettyPrinter().writeValue(half.toFile(), state);
            Files.move(half, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new CliException("cannot write " + file + ": " + FileTrouble.of(e), e);
        }
    }

    /** Forgets {@code state}; harmless when it was forgotten already. */
    public void remove(RunningState state) {
        deleteQuietly(fileOf(state));
    }

    /** Those whose process runs, the youngest first. */
    public List<RunningState> living() {
        var living = new ArrayList<RunningState>();
        try (var files = Files.newDirectoryStream(folder, "*.json")) {
            for (Path file : files) {
                read(file, living);
            }
        } catch (NoSuchFileException nothingRanYet) {
            return living;
        } catch (IOException e) {
            throw new CliException("cannot read " + folder + ": " + FileTrouble.of(e), e);
        }
        living.sort(Comparator.comparingLong(RunningState::startedAtMs).reversed());
        return living;
    }

    private static void read(Path file, List<RunningState> living) throws IOException {
        try {
            var state = JSON.readValue(file.toFile(), RunningState.class);
            if (state.runs()) {
                living.add(state);
            } else {
                deleteQuietly(file);
            }
        } catch (NoSuchFileException | java.io.FileNotFoundException gone) {
            // its process ended between the listing and the reading
        } catch (com.fasterxml.jackson.core.JacksonException damaged) {
            deleteQuietly(file);
        }
    }

    private Path fileOf(RunningState state) {
        return folder.resolve(state.pid() + ".json");
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
