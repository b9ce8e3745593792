package io.caravan.tests.system;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A process on a machine of its own, and the command that starts it, again. */
final class Resident implements AutoCloseable {
    private static final Path HOMES = Path.of(System.getProperty("caravan.test.homes"));
    private static final Duration DEAD = Duration.ofSeconds(20);

    private final String name;
    private final Machine machine;
    private final List<String> arguments;
    private final Path home;
    private CaravanProcess process;

    /**
     * Starts it.
     *
     * @param of the test that it lives for
     * @param arguments the command without the launcher
     */
    Resident(String of, String name, Machine machine, List<String> arguments) {
        this.name = name;
        this.machine = machine;
        this.arguments = arguments;
        home = HOMES.resolve(of).resolve(name).toAbsolutePath();
        start();
    }

    Machine machine() {
        return machine;
    }

    void start() {
        process = CaravanProcess.start(name, home, machine::inside, arguments, Map.of());
    }

    /** What happens to it, in a word. */
    void suffer(String hindrance) {
        switch (hindrance) {
            case "stops" -> process.pause();
            case "continues" -> process.resume();
            case "dies" -> {
                process.kill();
                process.awaitExit(DEAD);
            }
            case "starts" -> start();
            default -> throw new IllegalArgumentException(name + " " + hindrance);
        }
    }

    boolean runs() {
        return process.runs();
    }

    String tail() {
        return process.tail();
    }

    /** Why a gateway is not whole: it does not tell of so many workers, or does not answer; empty where it is. */
    String missing(int workers) {
        var status = machine.read("curl -s --max-time 2 http://127.0.0.1:8080/status");
        if (!status.path("serving").asBoolean() || status.path("workers").size() != workers) {
            return name + " is to serve with " + workers + " workers, but " + status;
        }
        var answer = machine.read("curl -s --max-time 2 http://127.0.0.1:8080/v1/completions"
                + " -H 'Content-Type: application/json' -d '{\"prompt\": \"What\", \"max_tokens\": 4}'");
        return answer.has("choices") ? "" : name + " is to answer, but " + answer;
    }

    @Override
    public void close() {
        process.close();
    }
}
