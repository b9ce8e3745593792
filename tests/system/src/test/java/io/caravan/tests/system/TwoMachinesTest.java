package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.tests.support.NeedsProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** A gateway and workers on machines of their own, started by the README's commands and nothing else. */
@NeedsProgram({"ip", "iptables", "curl", "unshare"})
@EnabledIf("mayHaveNetworksOfItsOwn")
class TwoMachinesTest {
    private static final Path HOMES = Path.of(System.getProperty("caravan.test.homes"));
    private static final Duration LONG = Duration.ofSeconds(120);
    private static final Duration CUT = Duration.ofSeconds(25);
    private static final String READY = "curl -sf http://127.0.0.1:8080/health/ready";

    private final List<Machine> machines = Machine.twoConnected();
    private final Machine gateways = machines.getFirst();
    private final Machine workers = machines.getLast();
    private final List<CaravanProcess> processes = new ArrayList<>();

    /** That is a privilege that not every user has; CI has it. */
    static boolean mayHaveNetworksOfItsOwn() throws IOException, InterruptedException {
        return System.getenv("CI") != null
                || new ProcessBuilder("unshare", "--net", "--mount", "true")
                                .start()
                                .waitFor()
                        == 0;
    }

    @AfterEach
    void end() {
        processes.reversed().forEach(CaravanProcess::close);
        machines.forEach(Machine::close);
    }

    @Test
    void shouldServeByTheCommandsOfTheReadmeInAnyOrder() {
        var early = start(workers, "worker-1", Readme.arguments("worker --join"), Map.of());
        awaitOutput(
                early, "nothing listens at 10.0.0.5:25520: is a gateway running there, with --cluster-host 10.0.0.5");
        var gateway = start(gateways, "serve", Readme.arguments("serve --cluster-host"), Map.of());
        start(workers, "worker-2", Readme.arguments("worker --join"), Map.of());

        awaitReady();
        assertThat(CurlStream.start(gateways, Readme.curl()).await(LONG).text()).isEqualTo("7 plus 5 is 12.");
        assertThat(early.output()).contains(" is at 10.0.0.6:");
        assertThat(gateway.output())
                .contains("Workers join with: caravan worker --join 10.0.0.5:25520")
                .doesNotContain("Only this machine");
    }

    @Test
    void shouldSayThatOnlyItsOwnMachineCanJoinAGatewayOnTheLoopback() {
        var gateway = start(gateways, "serve-loopback", List.of("serve"), Map.of());

        awaitOutput(gateway, "for others start it with --cluster-host 10.0.0.5");
        assertThat(gateway.output()).contains("Workers join with: caravan worker --join 127.0.0.1:25520");
    }

    @Test
    void shouldPauseButShortlyWhereOneOfTwentyPacketsIsLost(@TempDir Path folder) throws IOException {
        var cut = Files.writeString(folder.resolve("cut.conf"), "caravan.pipeline { stages = 2, min-workers = 2 }");
        start(
                gateways,
                "serve-loss",
                Readme.arguments("serve --cluster-host"),
                Map.of("CARAVAN_CONFIG", cut.toString()));
        start(gateways, "worker-near", Readme.arguments("worker --join"), Map.of());
        start(workers, "worker-far", Readme.arguments("worker --join"), Map.of());
        awaitReady();
        var undisturbed = ask();

        machines.forEach(machine -> machine.lose(0.05));
        var disturbed = ask();

        assertThat(disturbed.stream().map(CurlStream.Answer::text))
                .isEqualTo(undisturbed.stream().map(CurlStream.Answer::text).toList());
        assertThat(machines)
                .allSatisfy(machine -> assertThat(machine.fragments())
                        .as("parts of split datagrams that came to %s", machine)
                        .isZero());
        assertThat(disturbed)
                .allSatisfy(answer -> assertThat(answer.longestPause()).isLessThan(Duration.ofSeconds(5)));
    }

    @Test
    @Tag("long")
    void shouldBeWholeAgainAfterTheCableWasOut() {
        start(gateways, "serve-cut", Readme.arguments("serve --cluster-host"), Map.of());
        start(workers, "worker-cut-1", Readme.arguments("worker --join"), Map.of());
        start(workers, "worker-cut-2", Readme.arguments("worker --join"), Map.of());
        awaitWorkers(2);

        workers.cable("down");
        Await.pause(CUT.toMillis());
        workers.cable("up");

        awaitWorkers(2);
        assertThat(CurlStream.start(gateways, Readme.curl()).await(LONG).text()).isEqualTo("7 plus 5 is 12.");
        assertThat(processes).allMatch(CaravanProcess::runs);
    }

    private void awaitWorkers(int count) {
        Await.until(
                LONG,
                () -> {
                    var status = gateways.read("curl -s http://127.0.0.1:8080/status");
                    return status.path("serving").asBoolean()
                                    && status.path("workers").size() == count
                            ? ""
                            : count + " workers that serve, but " + status;
                },
                this::details);
    }

    /** The answers to four clients at once, whose prompts take several steps. */
    private List<CurlStream.Answer> ask() {
        return Stream.iterate(1, i -> i <= 4, i -> i + 1)
                .map(i -> CurlStream.start(gateways, """
                        curl -sN http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' -d '{
                          "messages": [{"role": "user", "content": "%s What is %d plus 5?"}],
                          "stream": true, "temperature": 0, "max_tokens": 60, "ignore_eos": true}'
                        """.formatted("Inti walks before Nina. ".repeat(20), i)))
                .toList()
                .stream()
                .map(stream -> stream.await(LONG))
                .toList();
    }

    private CaravanProcess start(
            Machine machine, String name, List<String> arguments, Map<String, String> environment) {
        var process = CaravanProcess.start(
                name,
                HOMES.resolve("machines").resolve(name).toAbsolutePath(),
                machine::inside,
                arguments,
                environment);
        processes.add(process);
        return process;
    }

    private void awaitReady() {
        Await.until(
                LONG,
                () -> {
                    try {
                        var command = gateways.inside(List.of("bash", "-c", READY));
                        var ready = new ProcessBuilder(command)
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                .start();
                        return ready.waitFor() == 0 ? "" : "the gateway is not ready";
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                this::details);
    }

    private void awaitOutput(CaravanProcess process, String text) {
        Await.until(LONG, () -> process.output().contains(text) ? "" : text, this::details);
    }

    private String details() {
        return String.join("\n", processes.stream().map(CaravanProcess::tail).toList());
    }
}
