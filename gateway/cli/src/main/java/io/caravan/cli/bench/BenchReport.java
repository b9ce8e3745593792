package io.caravan.cli.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Locale;

/**
 * A whole benchmark.
 *
 * @param workers processes beside the one that measured; 0 when the stages ran in it
 * @param threads compute threads of each worker
 */
public record BenchReport(
        String version,
        String model,
        long parameters,
        String weightType,
        int workers,
        int threads,
        Machine machine,
        List<BenchResult> results) {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    public BenchReport {
        results = List.copyOf(results);
    }

    /** All figures; one that cannot be told is null. */
    public String json() {
        try {
            // JSON has no NaN: Jackson writes it as a string, a reader expects null
            return JSON.writerWithDefaultPrettyPrinter()
                    .writeValueAsString(this)
                    .replace("\"NaN\"", "null");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A table for people: one line for each batch size, then one for each stage of the last. */
    public String table() {
        var text = new StringBuilder();
        text.append("%s: %s parameters in %s; %s, %d processors; %s, %d compute threads each%n%n"
                .formatted(
                        model,
                        grouped(parameters),
                        weightType,
                        machine.cpu(),
                        machine.processors(),
                        workers == 0 ? "one process" : workers + " worker processes",
                        threads));
        text.append("%6s %7s %7s %15s %15s %12s %12s %12s%n"
                .formatted(
                        "batch",
                        "prompt",
                        "tokens",
                        "prefill tok/s",
                        "decode tok/s",
                        "TTFT p50 ms",
                        "ITL p50 ms",
                        "ITL p99 ms"));
        for (BenchResult result : results) {
            text.append("%6d %7d %7d %15s %15s %12s %12s %12s%n"
                    .formatted(
                            result.batch(),
                            result.promptTokens(),
                            result.completionTokens(),
                            figure(result.prefillTokensPerSecond()),
                            figure(result.decodeTokensPerSecond()),
                            figure(result.ttftP50Ms()),
                            figure(result.itlP50Ms()),
                            figure(result.itlP99Ms())));
        }
        for (BenchResult result : results) {
            if (result.draftedTokens() > 0) {
                text.append("%nbatch %d: %s of %d guessed tokens were right%n"
                        .formatted(
                                result.batch(),
                                share((double) result.acceptedTokens() / result.draftedTokens()),
                                result.draftedTokens()));
            }
        }
        text.append("%n%6s %5s %-14s %-14s %8s %8s %12s %12s%n"
                .formatted("batch", "stage", "layers", "kernels", "busy", "bubble", "hop p50 us", "hop p99 us"));
        for (BenchResult result : results) {
            for (BenchResult.Stage stage : result.stages()) {
                text.append("%6d %5d %-14s %-14s %8s %8s %12s %12s%n"
                        .formatted(
                                result.batch(),
                                stage.stage(),
                                stage.layers(),
                                stage.kernels(),
                                share(stage.busyShare()),
                                share(stage.bubbleShare()),
                                figure(stage.hopP50Us()),
                                figure(stage.hopP99Us())));
            }
        }
        return text.toString();
    }

    private static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String figure(double value) {
        if (Double.isNaN(value)) {
            return "-";
        }
        return String.format(Locale.ROOT, value >= 1000 ? "%,.0f" : value >= 10 ? "%.1f" : "%.3f", value);
    }

    private static String share(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.0f%%", value * 100);
    }
}
