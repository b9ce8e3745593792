package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.tests.support.NeedsProgram;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/**
 * Two machines with a gateway and a worker each, one cluster, whose network parts: each side serves its clients with what it has,
 * and when the cable is in again they are one. Whichever side computes a token, it is the right one.
 */
@Tag("long")
@NeedsProgram({"ip", "curl", "unshare"})
@EnabledIf("mayHaveNetworksOfItsOwn")
class PartitionTest {
    private static final Duration LONG = Duration.ofSeconds(120);
    private static final Duration APART = Duration.ofSeconds(40);
    private static final Duration ONE_AGAIN = Duration.ofSeconds(30);

    private final List<Machine> machines = Machine.twoConnected();
    private final List<Resident> gateways = List.of(
            resident("gateway-5", machines.getFirst(), "serve --cluster-host 10.0.0.5"),
            resident("gateway-6", machines.getLast(), "serve --cluster-host 10.0.0.6 --join 10.0.0.5:25520"));
    private final List<Resident> workers = List.of(
            resident("worker-5", machines.getFirst(), "worker --join 10.0.0.5:25520"),
            resident("worker-6", machines.getLast(), "worker --join 10.0.0.5:25520"));

    private static Resident resident(String name, Machine machine, String command) {
        return new Resident("partition", name, machine, List.of(command.split(" ")));
    }

    static boolean mayHaveNetworksOfItsOwn() throws IOException, InterruptedException {
        return TwoMachinesTest.mayHaveNetworksOfItsOwn();
    }

    @AfterEach
    void end() {
        Stream.concat(workers.stream(), gateways.stream()).forEach(Resident::close);
        machines.forEach(Machine::close);
    }

    @Test
    void shouldServeOnBothSidesAndBecomeOneAgain() {
        awaitServing(2, LONG);
        var questioners = machines.stream()
                .map(machine -> Questioner.start(machine, "Lola"))
                .toList();

        for (int round = 0; round < 2; round++) {
            machines.getLast().cable("down");
            long apartMs = awaitServing(1, APART);
            Await.pause(Duration.ofSeconds(10).toMillis());
            machines.getLast().cable("up");
            long oneMs = awaitServing(2, ONE_AGAIN);

            System.out.printf(
                    "round %d: both sides served apart after %d ms and were one again after %d ms; right answers: %s%n",
                    round,
                    apartMs,
                    oneMs,
                    questioners.stream().map(Questioner::checkAnswers).toList());
        }
        questioners.forEach(Questioner::close);
        assertThat(Stream.concat(workers.stream(), gateways.stream())).allMatch(Resident::runs);
    }

    /** Waits until each gateway serves with so many workers; returns how long that took. */
    private long awaitServing(int eachWorkers, Duration longest) {
        long startNs = System.nanoTime();
        Await.until(
                longest,
                () -> gateways.stream()
                        .map(gateway -> gateway.missing(eachWorkers))
                        .filter(missing -> !missing.isEmpty())
                        .findFirst()
                        .orElse(""),
                () -> Stream.concat(gateways.stream(), workers.stream())
                        .map(Resident::tail)
                        .collect(Collectors.joining("\n")));
        return Duration.ofNanos(System.nanoTime() - startNs).toMillis();
    }
}
