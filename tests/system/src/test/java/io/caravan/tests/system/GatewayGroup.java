package io.caravan.tests.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Several gateways and their workers, each started by hand on ports of its own that it keeps: the first gateway founds the
 * cluster, everybody else joins it. Whoever is killed is started again by the very command that started it before.
 */
final class GatewayGroup implements AutoCloseable {
    private static final Path HOMES = Path.of(System.getProperty("caravan.test.homes"));
    private static final ObjectMapper JSON = new ObjectMapper();

    /** A process with the command that starts it. */
    final class Seat {
        final String name;
        private final List<String> arguments;
        private CaravanProcess process;

        private Seat(String name, List<String> arguments) {
            this.name = name;
            this.arguments = arguments;
            start();
        }

        /** Starts it, again. */
        void start() {
            process = CaravanProcess.start(name, home, arguments);
        }

        CaravanProcess process() {
            return process;
        }

        /** Where a gateway is served; waits until it says so. */
        GatewayApi api() {
            var state = home.resolve("run").resolve(process.pid() + ".json");
            Await.until(
                    TestCluster.START,
                    () -> {
                        if (!process.runs()) {
                            throw new AssertionError(name + " ended" + details());
                        }
                        return Files.exists(state) ? "" : name + " has not written its state";
                    },
                    GatewayGroup.this::details);
            try {
                return GatewayApi.at(
                        JSON.readTree(state.toFile()).get("httpUrl").asText());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final Path home;
    private final Path config;
    final List<Seat> gateways = new ArrayList<>();
    final List<Seat> workers = new ArrayList<>();
    private final List<Integer> clusterPorts = new ArrayList<>();

    private GatewayGroup(String name, String... settings) {
        home = HOMES.resolve(name).toAbsolutePath().normalize();
        config = home.resolve("caravan.conf");
        deleteOld(home);
        try {
            Files.createDirectories(home);
            Files.writeString(config, """
                    caravan.gateway.status.max-age = 50ms
                    caravan.worker { memory = "256 MiB", threads = 1 }
                    caravan.pipeline.stages = 2
                    """ + String.join("\n", settings) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code gateways} of them and {@code workers} workers; tokens come out when this returns. */
    static GatewayGroup start(String name, int gateways, int workers, String... settings) {
        var group = new GatewayGroup(name, settings);
        try {
            for (int i = 0; i < gateways; i++) {
                group.addGateway();
            }
            for (int i = 0; i < workers; i++) {
                group.addWorker();
            }
            group.awaitWhole(TestCluster.START);
            return group;
        } catch (RuntimeException | Error e) {
            group.close();
            throw e;
        }
    }

    private void addGateway() {
        int port = freePort();
        var arguments = new ArrayList<>(List.of(
                "serve",
                "--config=" + config,
                "--port=" + freePort(),
                "--grpc-port=" + freePort(),
                "--cluster-port=" + port));
        if (!clusterPorts.isEmpty()) {
            arguments.add("--join=127.0.0.1:" + clusterPorts.getFirst());
        }
        clusterPorts.add(port);
        gateways.add(new Seat("gateway-" + gateways.size(), arguments));
        gateways.getLast().api();
    }

    private void addWorker() {
        String name = "worker-" + workers.size();
        workers.add(new Seat(
                name,
                List.of(
                        "worker",
                        "--join=127.0.0.1:" + clusterPorts.getFirst(),
                        "--name=" + name,
                        "--config=" + config)));
    }

    /** A gateway that would join with more flags, and that nobody waits for. */
    CaravanProcess intruder(String... flags) {
        var arguments = new ArrayList<>(List.of(
                "serve",
                "--config=" + config,
                "--port=0",
                "--grpc-port=0",
                "--join=127.0.0.1:" + clusterPorts.getFirst()));
        arguments.addAll(List.of(flags));
        return CaravanProcess.start("intruder", home, arguments);
    }

    /** Waits until every gateway tells of the same pipeline, which serves and knows all workers. */
    void awaitWhole(Duration longest) {
        Await.until(longest, this::missing, this::details);
    }

    private String missing() {
        JsonNode first = gateways.getFirst().api().status();
        for (Seat gateway : gateways) {
            JsonNode status = gateway.api().status();
            boolean whole = status.path("serving").asBoolean()
                    && status.path("workers").size() == workers.size()
                    && status.path("epoch").equals(first.path("epoch"));
            if (!whole) {
                return gateway.name + " says " + status;
            }
        }
        return "";
    }

    String details() {
        return "\n"
                + Stream.concat(gateways.stream(), workers.stream())
                        .map(seat -> seat.process().tail())
                        .collect(Collectors.joining("\n"))
                + "\nlogs: " + home.resolve("logs");
    }

    @Override
    public void close() {
        Stream.concat(gateways.stream(), workers.stream())
                .forEach(seat -> seat.process().close());
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
