package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The verbs for people who port models, with each stage in a process of its own, against the float64 reference. */
class OracleProcessesTest {
    private static final Path MODELS = Path.of(System.getProperty("caravan.test.oracle"));
    private static final Duration LONGEST = Duration.ofSeconds(240);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double TOLERANCE = 1e-4;
    private static final int GREEDY_TOKENS = 24;

    @TempDir
    private Path home;

    private List<String> run(String verb, Path model, JsonNode prompt, List<String> more) {
        var arguments = new ArrayList<>(List.of(verb, model.toString(), "--ids", joined(prompt), "--threads=1"));
        arguments.addAll(more);
        String name = verb + "-" + more.hashCode();
        try (var process = CaravanProcess.start(name, home, arguments)) {
            assertThat(process.awaitExit(LONGEST)).as(process::output).isZero();
            return process.output()
                    .lines()
                    .filter(line -> line.matches("-?[0-9].*"))
                    .toList();
        }
    }

    private static String joined(JsonNode ids) {
        return StreamSupport.stream(ids.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(","));
    }

    private static JsonNode firstCase(Path model) {
        try {
            return JSON.readTree(model.resolve("expected.json").toFile())
                    .get("cases")
                    .get(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void compare(String name, List<Integer> stageCounts) {
        Path model = MODELS.resolve(name);
        JsonNode expected = firstCase(model);
        var inProcess = run("logits", model, expected.get("ids"), List.of("--stages=1"));
        assertThat(relativeError(inProcess, expected.get("last_logits"))).isLessThan(TOLERANCE);
        for (int stages : stageCounts) {
            var processes = List.of("--stages=" + stages, "--processes");
            assertThat(run("logits", model, expected.get("ids"), processes))
                    .as("the same digits with %d stages", stages)
                    .isEqualTo(inProcess);
            var generate = new ArrayList<>(processes);
            generate.add("--max-tokens=" + GREEDY_TOKENS);
            assertThat(run("generate", model, expected.get("ids"), generate))
                    .as("%d stages", stages)
                    .containsExactly(joined(expected.get("greedy_24")));
        }
    }

    /** L2 of the difference over L2 of the truth. */
    private static double relativeError(List<String> lines, JsonNode truth) {
        assertThat(lines).hasSize(truth.size());
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < truth.size(); i++) {
            double right = truth.get(i).doubleValue();
            difference += Math.pow(Double.parseDouble(lines.get(i)) - right, 2);
            norm += right * right;
        }
        return Math.sqrt(difference / norm);
    }

    @Tag("long")
    @Test
    void shouldComputeTheReferencesLogitsAndTokensInTwoProcesses() {
        compare("llama1-mha-f32", List.of(2));
    }

    @Tag("long")
    @ParameterizedTest
    @ValueSource(strings = {"llama1-mha-f32", "llama2-gqa-bf16-sharded", "llama3-rope-f16-tied"})
    void shouldComputeTheSameInAnyNumberOfProcesses(String name) throws IOException {
        int layers = JSON.readTree(MODELS.resolve(name).resolve("config.json").toFile())
                .get("num_hidden_layers")
                .asInt();
        compare(name, List.of(1, 2, 3, layers));
    }
}
