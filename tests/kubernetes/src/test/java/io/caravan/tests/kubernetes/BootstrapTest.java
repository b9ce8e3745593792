package io.caravan.tests.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.caravan.tests.support.NeedsProgram;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the laptop overlay's pods, with mutual TLS, as processes against a stub of the Kubernetes API: what a cluster would
 * do with the manifests, but for the image. Linux alone answers on every address of the loopback network.
 */
@NeedsProgram("kubectl")
@EnabledOnOs(OS.LINUX)
class BootstrapTest {
    private static final Duration LONG = Duration.ofSeconds(150);
    private static final String QUESTION =
            "{\"messages\":[{\"role\":\"user\",\"content\":\"What is 7 plus 5?\"}],\"temperature\":0}";
    private static final String STORY =
            "{\"prompt\":\"Once\",\"temperature\":0,\"max_tokens\":400,\"ignore_eos\":true," + "\"stream\":true}";

    private static final Predicate<String> RUNNING =
            Pattern.compile("caravan_num_requests_running\\{.*} 1.0").asMatchPredicate();

    /** Of the loopback network, a subnet that no other run has. */
    private final String subnet = "127.%d.%d."
            .formatted(
                    ThreadLocalRandom.current().nextInt(1, 255),
                    ThreadLocalRandom.current().nextInt(256));

    private final List<LocalPod> pods = new ArrayList<>();
    private Manifests manifests;
    private KubernetesApi api;

    @TempDir
    private Path folder;

    @BeforeEach
    void startApi() throws Exception {
        api = KubernetesApi.start(Files.createDirectories(folder.resolve("account")));
        var overlay = Files.createDirectories(folder.resolve("overlay"));
        Files.writeString(
                overlay.resolve("kustomization.yaml"),
                "resources: [%s]%ncomponents: [%s]%n"
                        .formatted(
                                overlay.relativize(Manifests.K8S.resolve("overlays/laptop")),
                                overlay.relativize(Manifests.K8S.resolve("components/mutual-tls"))));
        manifests = Manifests.render(overlay.toString());
        Files.writeString(etc("caravan").resolve("caravan.conf"), manifests.configuration());
        var certificates = new Certificates(folder);
        var authority = certificates.selfSigned("authority", "dns:authority");
        var member = certificates.signed("member", "dns:caravan", "authority");
        Files.copy(authority.certificate(), etc("caravan-tls").resolve("ca.crt"));
        Files.copy(member.certificate(), etc("caravan-tls").resolve("tls.crt"));
        Files.copy(member.key(), etc("caravan-tls").resolve("tls.key"));
    }

    private Path etc(String name) throws IOException {
        return Files.createDirectories(folder.resolve("etc").resolve(name));
    }

    @AfterEach
    void stop() {
        pods.forEach(LocalPod::close);
        api.close();
    }

    @Test
    void shouldFormOneClusterServeAndDrain() throws Exception {
        var gateway = gateway("caravan-gateway-7d4b");
        await("the gateway lives", () -> gateway.alive() == 200);
        assertThat(gateway.ready()).as("ready before there is a worker").isEqualTo(503);

        var workers = List.of(worker("caravan-worker-0"), worker("caravan-worker-1"));
        await("the gateway is ready", () -> gateway.ready() == 200);
        await(
                "the workers are ready",
                () -> workers.get(0).ready() == 200 && workers.get(1).ready() == 200);
        assertThat(workers.get(0).alive()).isEqualTo(200);
        await(
                "all are members of one cluster",
                () -> up(gateway).size() == 3
                        && up(gateway).equals(up(workers.get(0)))
                        && up(gateway).equals(up(workers.get(1))));
        try (var answer = gateway.post("/v1/chat/completions", QUESTION).body()) {
            assertThat(String.join("", answer.toList())).contains("12");
        }
        assertThat(api.refused()).isEmpty();

        gatewayShouldFinishItsStreamsAndLeave(gateway, workers);
        workers.get(0).signal("TERM");
        ends(workers.get(0));
        await("it has left", () -> up(workers.get(1)).size() == 1);
    }

    private void gatewayShouldFinishItsStreamsAndLeave(LocalPod gateway, List<LocalPod> workers) throws Exception {
        var undisturbed = tell(gateway);
        // a stage that stands still keeps the stream open while readiness is looked at
        workers.get(1).signal("STOP");
        var told = CompletableFuture.supplyAsync(() -> tell(gateway), Thread::startVirtualThread);
        await("the stream runs", () -> gateway.metrics().anyMatch(RUNNING));
        gateway.signal("TERM");
        await("readiness goes first", () -> gateway.ready() == 503);
        assertThat(told).isNotDone();
        assertThat(gateway.alive()).isEqualTo(200);
        workers.get(1).signal("CONT");

        assertThat(told.get(LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(undisturbed);
        ends(gateway);
        await("the gateway has left", () -> up(workers.get(0)).size() == 2);
    }

    /** The events of a streamed story, without what differs from one request to the next. */
    private static List<String> tell(LocalPod gateway) {
        try (var lines = gateway.post("/v1/completions", STORY).body()) {
            return lines.filter(line -> line.startsWith("data:"))
                    .map(line -> line.replaceAll("\"(id|created)\":(\"[^\"]*\"|\\d+),?", ""))
                    .toList();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> up(LocalPod pod) throws InterruptedException {
        return pod.members().stream().filter(it -> it.endsWith(" Up")).toList();
    }

    private LocalPod start(PodTemplateSpec template, String name) throws IOException {
        return LocalPod.start(template, name, nextIp(), manifests.all(Service.class), api, folder);
    }

    private LocalPod gateway(String name) throws IOException {
        pods.add(start(manifests.gateway(), name));
        return pods.getLast();
    }

    private LocalPod worker(String name) throws IOException {
        pods.add(start(manifests.worker(), name));
        return pods.getLast();
    }

    private String nextIp() {
        return subnet + (pods.size() + 1);
    }

    private void ends(LocalPod pod) throws Exception {
        if (!pod.process().waitFor(LONG.toSeconds(), TimeUnit.SECONDS)) {
            fail(pod.name() + " does not end" + outputs());
        }
        assertThat(pod.process().exitValue()).as("ended by SIGTERM").isEqualTo(143);
    }

    private void await(String what, Callable<Boolean> condition) throws Exception {
        long deadlineNs = System.nanoTime() + LONG.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadlineNs || pods.stream().anyMatch(it -> failed(it.process()))) {
                fail("not so: " + what + outputs());
            }
            Thread.sleep(50);
        }
    }

    private static boolean failed(Process process) {
        return !process.isAlive() && process.exitValue() != 143;
    }

    private String outputs() throws IOException {
        var text = new StringBuilder();
        for (LocalPod pod : pods) {
            text.append("\n--- ").append(pod.name()).append("\n");
            text.append(Files.readString(pod.output()));
            try (var logs = Files.walk(folder.resolve(pod.name()))) {
                for (Path log : logs.filter(Files::isRegularFile).toList()) {
                    text.append("\n--- ").append(log).append('\n').append(Files.readString(log));
                }
            }
        }
        return text.append("\n--- refused ").append(api.refused()).toString();
    }
}
