package io.caravan.tests.system;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.caravan.tests.support.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A machine of its own as far as the network goes: a network namespace of Linux, with a loopback and one cable.
 *
 * @param namespace that no other run has
 */
record Machine(String namespace) implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CABLE = "eth0";
    private static final Duration QUICK = Duration.ofSeconds(20);
    private static final AtomicInteger COUNT = new AtomicInteger();

    /** Two machines with a cable between them, at 10.0.0.5 and 10.0.0.6. */
    static List<Machine> twoConnected() {
        var one = create();
        try {
            var other = create();
            one.ip("link", "add", CABLE, "type", "veth", "peer", "name", CABLE, "netns", other.namespace);
            one.plugIn("10.0.0.5/24");
            other.plugIn("10.0.0.6/24");
            return List.of(one, other);
        } catch (AssertionError failed) {
            one.close();
            throw failed;
        }
    }

    private static Machine create() {
        var machine = new Machine("caravan-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet());
        run(List.of("ip", "netns", "add", machine.namespace));
        Runtime.getRuntime().addShutdownHook(new Thread(machine::removeIfLeft));
        return machine;
    }

    private void plugIn(String address) {
        ip("address", "add", address, "dev", CABLE);
        ip("link", "set", "lo", "up");
        cable("up");
    }

    /** Pulls the cable ({@code down}) or plugs it in ({@code up}). */
    void cable(String state) {
        ip("link", "set", CABLE, state);
    }

    /** Loses this share of the packets that arrive, parts of longer ones each by itself. */
    void lose(double share) {
        run(inside(List.of(
                "iptables",
                "-t",
                "raw",
                "-A",
                "PREROUTING",
                "-i",
                CABLE,
                "-m",
                "statistic",
                "--mode",
                "random",
                "--probability",
                Double.toString(share),
                "-j",
                "DROP")));
    }

    /** The JSON that a command line prints there; an empty object where it prints none. */
    JsonNode read(String commandLine) {
        try {
            String printed = run(inside(List.of("bash", "-c", commandLine + " || true")));
            return printed.startsWith("{") ? JSON.readTree(printed) : JSON.createObjectNode();
        } catch (JsonProcessingException half) {
            return JSON.createObjectNode();
        }
    }

    /** Parts of split datagrams that arrived. */
    long fragments() {
        var figures = run(inside(List.of("cat", "/proc/net/snmp")))
                .lines()
                .filter(line -> line.startsWith("Ip: "))
                .map(line -> List.of(line.split(" ")))
                .toList();
        return Long.parseLong(figures.getLast().get(figures.getFirst().indexOf("ReasmReqds")));
    }

    private void ip(String... arguments) {
        var command = new ArrayList<>(List.of("ip", "-n", namespace));
        command.addAll(List.of(arguments));
        run(command);
    }

    /** {@code command} as this machine runs it. */
    List<String> inside(List<String> command) {
        var whole = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        whole.addAll(command);
        return whole;
    }

    private static String run(List<String> command) {
        return Program.run(command, Path.of("."), Map.of(), QUICK);
    }

    /** Its cable goes with it. */
    @Override
    public void close() {
        run(List.of("ip", "netns", "delete", namespace));
    }

    private void removeIfLeft() {
        if (Files.exists(Path.of("/run/netns", namespace))) {
            close();
        }
    }
}
