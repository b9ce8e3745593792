package io.caravan.tests.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A streamed chat that curl reads on a machine of its own, where a client of this one does not come. */
final class CurlStream {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String DATA = "data: {";

    /**
     * What a stream said.
     *
     * @param longestPause from one line to the next, the first one's wait not counted
     */
    record Answer(String text, Duration longestPause) {}

    private final Process process;
    private final StringBuffer text = new StringBuffer(); // so far
    private final CompletableFuture<Answer> answer;

    private CurlStream(Process process) {
        this.process = process;
        this.answer = CompletableFuture.supplyAsync(
                this::read, task -> Thread.ofVirtual().start(task));
    }

    /** Runs a command line with curl on {@code machine}. */
    static CurlStream start(Machine machine, String commandLine) {
        var command = machine.inside(List.of("bash", "-c", commandLine));
        try {
            return new CurlStream(new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Answer read() {
        long longestNs = 0;
        long lastNs = 0;
        try (BufferedReader lines = process.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.startsWith(DATA)) {
                    continue;
                }
                JsonNode chunk = JSON.readTree(line.substring(DATA.length() - 1));
                if (chunk.has("error")) {
                    throw new AssertionError(line);
                }
                text.append(chunk.at("/choices/0/delta/content").asText(""));
                long nowNs = System.nanoTime();
                longestNs = lastNs == 0 ? 0 : Math.max(longestNs, nowNs - lastNs);
                lastNs = nowNs;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Answer(text.toString(), Duration.ofNanos(longestNs));
    }

    /** As much as came until the stream ended or broke off, however it did. */
    String awaitWhatCame(Duration longest) {
        try {
            answer.handle((whole, failure) -> text.toString()).get(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Exception late) {
            end();
        }
        return text.toString();
    }

    Answer await(Duration longest) {
        try {
            return answer.get(longest.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Exception late) {
            end();
            throw new AssertionError("no whole answer within " + longest + ": " + late, late);
        }
    }

    private void end() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
