package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.tests.support.NeedsProgram;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Scanner;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A gateway and a worker on machines of their own, started by the README's commands, with hindrances of every kind in every
 * order: when the last is over all is whole again by itself, soon, and nobody ever got a wrong token.
 */
@Tag("long")
@NeedsProgram({"ip", "curl", "unshare"})
@EnabledIf("mayHaveNetworksOfItsOwn")
class HindrancesTest {
    private static final Duration LONG = Duration.ofSeconds(120);
    private static final Duration WHOLE = Duration.ofSeconds(10);
    /** Who was declared dead may take some seconds to hear of it, and looks whole until then. */
    private static final Duration STEADY = Duration.ofSeconds(8);

    private static List<Machine> machines;
    private static Resident gateway;
    private static Resident worker;
    private static List<Questioner> questioners;

    static boolean mayHaveNetworksOfItsOwn() throws IOException, InterruptedException {
        return TwoMachinesTest.mayHaveNetworksOfItsOwn();
    }

    @BeforeAll
    static void start() {
        machines = Machine.twoConnected();
        gateway = new Resident("hindrances", "gateway", machines.getFirst(), Readme.arguments("serve --cluster-host"));
        worker = new Resident("hindrances", "worker", machines.getLast(), Readme.arguments("worker --join"));
        awaitWhole();
        questioners = Stream.of("Lola", "Nina")
                .map(name -> Questioner.start(gateway.machine(), name))
                .toList();
    }

    @AfterAll
    static void end() {
        questioners.forEach(Questioner::close);
        Stream.of(worker, gateway).forEach(Resident::close);
        machines.forEach(Machine::close);
    }

    /** Numbers are seconds that pass. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "cable out, 25, cable in",
                "cable out, 60, cable in",
                "worker stops, 60, worker continues",
                "gateway stops, 60, gateway continues",
                "worker stops, 60, worker continues, gateway stops, 60, gateway continues",
                "gateway stops, 60, gateway continues, worker stops, 60, worker continues",
                "worker stops, 30, gateway stops, 30, worker continues, 30, gateway continues",
                "gateway stops, 30, worker stops, 30, gateway continues, 30, worker continues",
                "worker dies, worker starts",
                "gateway dies, gateway starts",
                "worker dies, 15, worker starts",
                "gateway dies, 15, gateway starts",
                "worker dies, worker starts, gateway dies, gateway starts",
                "gateway dies, gateway starts, worker dies, worker starts",
                "worker dies, gateway dies, worker starts, gateway starts",
                "gateway dies, worker dies, 5, worker starts, 15, gateway starts",
                "gateway dies, worker dies, 5, gateway starts, 15, worker starts",
                "cable out, worker dies, worker starts, 25, cable in",
                "cable out, gateway dies, gateway starts, 25, cable in",
                "cable out, 20, gateway dies, worker dies, worker starts, gateway starts, 5, cable in",
                "cable out, 25, cable in, worker dies, worker starts",
                "cable out, 25, cable in, gateway dies, gateway starts",
                "worker stops, gateway dies, gateway starts, 60, worker continues",
                "gateway stops, worker dies, worker starts, 60, gateway continues",
                "gateway stops, worker dies, 30, gateway continues, worker starts",
                "worker stops, cable out, 60, worker continues, cable in",
                "gateway stops, cable out, 60, cable in, gateway continues",
            })
    void shouldBeWholeAgainSoonAfter(String hindrances) {
        awaitWhole();
        new Scanner(hindrances).useDelimiter(", ").tokens().forEach(HindrancesTest::suffer);
        long overNs = System.nanoTime();

        var took = Duration.ofNanos(awaitWhole() - overNs);
        long answers = questioners.stream().mapToLong(Questioner::checkAnswers).sum();
        System.out.printf("%s: whole again after %d ms; %d answers were right%n", hindrances, took.toMillis(), answers);
        assertThat(took).as(hindrances).isLessThanOrEqualTo(WHOLE);
    }

    private static void suffer(String hindrance) {
        if (Character.isDigit(hindrance.charAt(0))) {
            Await.pause(Duration.ofSeconds(Long.parseLong(hindrance)).toMillis());
            return;
        }
        String what = hindrance.substring(hindrance.indexOf(' ') + 1);
        switch (hindrance.substring(0, hindrance.indexOf(' '))) {
            case "cable" -> worker.machine().cable(what.equals("in") ? "up" : "down");
            case "worker" -> worker.suffer(what);
            case "gateway" -> gateway.suffer(what);
            default -> throw new IllegalArgumentException(hindrance);
        }
    }

    /** Waits until all is well and stays so for a while; returns when it came to be so. */
    private static long awaitWhole() {
        var sinceNs = new AtomicLong(System.nanoTime());
        Await.until(
                LONG,
                () -> {
                    long askedNs = System.nanoTime();
                    String missing = gateway.missing(1);
                    if (!missing.isEmpty()) {
                        sinceNs.set(System.nanoTime());
                    }
                    return missing.isEmpty() && askedNs - sinceNs.get() < STEADY.toNanos()
                            ? "steady for " + STEADY
                            : missing;
                },
                () -> gateway.tail() + "\n" + worker.tail());
        return sinceNs.get();
    }
}
