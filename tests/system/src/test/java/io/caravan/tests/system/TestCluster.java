package io.caravan.tests.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A running Caravan: a gateway and its workers as processes, on free ports, with a home of their own below this module's
 * target folder, where their logs stay. Closing it kills what still runs.
 */
final class TestCluster implements AutoCloseable {
    static final Duration START = Duration.ofSeconds(240);

    private static final Path HOMES = Path.of(System.getProperty("caravan.test.homes"));
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String EVERYWHERE = """
        caravan.gateway.status.max-age = 50ms
        caravan.worker { memory = "256 MiB", threads = 1 }
        caravan.local.threads = 1
        """;

    private final Path home;
    private final List<CaravanProcess> processes = new ArrayList<>();
    private String joinAddress = "";
    private GatewayApi gateway = GatewayApi.at("http://127.0.0.1:9");
    private String grpcAddress = "";
    private int started;

    private TestCluster(String name) {
        home = HOMES.resolve(name).toAbsolutePath().normalize();
        deleteOld(home);
    }

    /** {@code caravan up}: the gateway starts, watches and restarts {@code workers}, who share its media driver. */
    static TestCluster up(String name, int workers, String... settings) {
        return upWithin(command -> command, name, workers, settings);
    }

    /** As {@link #up}, as {@code where} makes of its command. */
    static TestCluster upWithin(UnaryOperator<List<String>> where, String name, int workers, String... settings) {
        var cluster = new TestCluster(name);
        var arguments = List.of("up", "--workers=" + workers, "--port=0", "--grpc-port=0", cluster.config(settings));
        cluster.processes.add(CaravanProcess.start("up", cluster.home, where, arguments, Map.of()));
        cluster.findGateway();
        return cluster;
    }

    /** {@code caravan serve}: a gateway that waits for workers. */
    static TestCluster serve(String name, String... settings) {
        var cluster = new TestCluster(name);
        cluster.run("serve", List.of("serve", "--port=0", "--grpc-port=0", cluster.config(settings)));
        cluster.findGateway();
        return cluster;
    }

    /** {@code caravan worker}: joins by TCP and UDP, with a media driver of its own, and nobody watches it. */
    CaravanProcess addWorker(String... flags) {
        String name = "worker-" + ++started;
        var arguments = new ArrayList<String>(List.of("worker", "--join=" + joinAddress, "--name=" + name));
        arguments.add("--config=" + home.resolve("caravan.conf"));
        arguments.addAll(List.of(flags));
        return run(name, arguments);
    }

    /** Any verb, with this cluster's home. */
    CaravanProcess run(String name, List<String> arguments) {
        var process = CaravanProcess.start(name, home, arguments);
        processes.add(process);
        return process;
    }

    private String config(String... settings) {
        try {
            Files.createDirectories(home);
            var file = home.resolve("caravan.conf");
            Files.writeString(file, EVERYWHERE + String.join("\n", settings) + "\n");
            return "--config=" + file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Host and port. */
    String grpcAddress() {
        return grpcAddress;
    }

    private void findGateway() {
        var process = processes.getLast();
        Await.until(
                START,
                () -> {
                    if (!process.runs()) {
                        throw new AssertionError(process.name() + " did not start\n" + process.tail());
                    }
                    return stateFiles().isEmpty() ? "the gateway has not written its state" : "";
                },
                this::details);
        JsonNode state = read(stateFiles().getFirst());
        gateway = GatewayApi.at(state.get("httpUrl").asText());
        grpcAddress = state.get("grpcAddress").asText();
        joinAddress = state.get("clusterAddress").asText();
    }

    private List<Path> stateFiles() {
        var folder = home.resolve("run");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".json")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode read(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of the process that was started first. */
    long pid() {
        return processes.getFirst().pid();
    }

    /** The number of lines with {@code text} in the logs of all processes. */
    long logged(String text) {
        try (Stream<Path> files = Files.list(home.resolve("logs"))) {
            return files.flatMap(file -> lines(file).filter(line -> line.contains(text)))
                    .count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<String> lines(Path file) {
        try {
            return Files.readString(file).lines();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path home() {
        return home;
    }

    GatewayApi gateway() {
        return gateway;
    }

    /** The process that was started with {@link #addWorker}. */
    CaravanProcess process(long pid) {
        return processes.stream()
                .filter(process -> process.pid() == pid)
                .findFirst()
                .orElseThrow();
    }

    /** SIGKILL to one of this cluster's worker processes, of which the status knows the id. */
    void kill(long pid) {
        var ours = processes.stream()
                .flatMap(CaravanProcess::handles)
                .filter(handle -> handle.pid() == pid)
                .findFirst();
        ours.orElseThrow(() -> new AssertionError("no process " + pid + "\n" + details()))
                .destroyForcibly();
    }

    /** Waits until tokens come out and {@code workers} are known. */
    void awaitServing(int workers) {
        await(
                START,
                "serving with " + workers + " workers",
                status -> status.path("serving").asBoolean()
                        && status.path("workers").size() == workers);
    }

    /** Waits until the status is as wanted. */
    void await(Duration longest, String what, Predicate<JsonNode> wanted) {
        Await.until(
                longest,
                () -> {
                    JsonNode status = gateway.status();
                    return wanted.test(status) ? "" : what + ", but " + status;
                },
                this::details);
    }

    /** What the processes printed and logged last, for people who look at a failure. */
    String details() {
        return processes.stream().map(CaravanProcess::tail).collect(Collectors.joining("\n")) + "\nlogs: "
                + home.resolve("logs");
    }

    @Override
    public void close() {
        processes.reversed().forEach(CaravanProcess::close);
    }

    private static void deleteOld(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
