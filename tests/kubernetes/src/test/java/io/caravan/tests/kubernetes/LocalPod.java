package io.caravan.tests.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A pod of the manifests as a process of this machine, at an address of its own on the loopback network: the container's
 * arguments, environment and configuration, the ports that the manifests name.
 *
 * @param pod what the Kubernetes API says of it
 * @param output what its process printed
 */
record LocalPod(Pod pod, Process process, Path output) implements AutoCloseable {
    private static final Path DIST =
            Path.of("../../gateway/cli/target/dist").toAbsolutePath().normalize();
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /**
     * Starts a pod.
     *
     * @param services beside it, of which kubelet tells it: the manifests ask for none of that, others' may not
     * @param folder of its files; what the container has under /etc is here under etc
     */
    static LocalPod start(
            PodTemplateSpec template, String name, String ip, List<Service> services, KubernetesApi api, Path folder)
            throws IOException {
        assertThat(DIST.resolve("lib")).as("Caravan as packaged").isDirectory();
        var container = template.getSpec().getContainers().getFirst();
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + DIST.resolve("jvm.options"),
                "@" + DIST.resolve("kernels.options"),
                "-Xmx384m",
                "-XX:+UseSerialGC",
                "-Dcaravan.dist=" + DIST,
                "-Dpekko.discovery.kubernetes-api.api-ca-path=" + api.account().resolve("ca.crt"),
                "-Dpekko.discovery.kubernetes-api.api-token-path="
                        + api.account().resolve("token"),
                "-Dpekko.discovery.kubernetes-api.pod-namespace-path="
                        + api.account().resolve("namespace"),
                "-cp",
                DIST.resolve("lib") + "/*",
                "io.caravan.cli.Caravan"));
        container.getArgs().forEach(argument -> command.add(local(argument, folder)));
        var output = folder.resolve(name + ".out");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        var environment = builder.environment();
        environment.keySet().removeIf(key -> key.startsWith("CARAVAN_"));
        services.forEach(service -> environment.putAll(ServiceVariables.of(service)));
        environment.putAll(container.getEnv().stream()
                .collect(Collectors.toMap(EnvVar::getName, variable -> value(variable, name, ip, folder))));
        environment.put("CARAVAN_HOME", folder.resolve(name).toString());
        environment.put("CARAVAN_HOST", ip);
        environment.put("CARAVAN_THREADS", "1");
        environment.put("KUBERNETES_SERVICE_HOST", "127.0.0.1");
        environment.put("KUBERNETES_SERVICE_PORT", Integer.toString(api.port()));
        var pod = describe(template, name, ip);
        api.pods().add(pod);
        return new LocalPod(pod, builder.start(), output);
    }

    private static String local(String text, Path folder) {
        return text.replace("/opt/caravan", DIST.toString())
                .replaceFirst("^/etc/", Matcher.quoteReplacement(folder.resolve("etc") + "/"));
    }

    private static String value(EnvVar variable, String name, String ip, Path folder) {
        if (variable.getValueFrom() == null) {
            return local(variable.getValue(), folder);
        }
        return switch (variable.getValueFrom().getFieldRef().getFieldPath()) {
            case "status.podIP" -> ip;
            case "metadata.name" -> name;
            case String other -> throw new IllegalArgumentException(other);
        };
    }

    private static Pod describe(PodTemplateSpec template, String name, String ip) {
        return new PodBuilder()
                .withNewMetadataLike(template.getMetadata())
                .withName(name)
                .endMetadata()
                .withSpec(template.getSpec())
                .withNewStatus()
                .withPhase("Running")
                .withPodIP(ip)
                .endStatus()
                .build();
    }

    String name() {
        return pod.getMetadata().getName();
    }

    /** Address of the container's port {@code name}. */
    URI uri(String name, String path) {
        Container container = pod.getSpec().getContainers().getFirst();
        var port = container.getPorts().stream()
                .filter(it -> it.getName().equals(name))
                .findFirst()
                .orElseThrow();
        return URI.create("http://" + pod.getStatus().getPodIP() + ":" + port.getContainerPort() + path);
    }

    /** Status of the probe that asks whether it lives; 0 where nobody answers. */
    int alive() throws InterruptedException {
        var probe = pod.getSpec().getContainers().getFirst().getLivenessProbe().getHttpGet();
        return status(uri(probe.getPort().getStrVal(), probe.getPath()));
    }

    /** Status of the probe that asks whether it is ready; 0 where nobody answers. */
    int ready() throws InterruptedException {
        var probe = pod.getSpec().getContainers().getFirst().getReadinessProbe().getHttpGet();
        return status(uri(probe.getPort().getStrVal(), probe.getPath()));
    }

    private static int status(URI uri) throws InterruptedException {
        try {
            return HTTP.send(request(uri).build(), HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException nobody) {
            return 0;
        }
    }

    /** The members of its cluster, as it sees them: address and status, in order; none while nobody answers. */
    List<String> members() throws InterruptedException {
        try {
            var answer = HTTP.send(
                    request(uri("management", "/cluster/members")).build(), HttpResponse.BodyHandlers.ofString());
            var members = new ArrayList<String>();
            for (JsonNode member : new ObjectMapper().readTree(answer.body()).path("members")) {
                members.add(member.path("node").asText() + " "
                        + member.path("status").asText());
            }
            members.sort(null);
            return members;
        } catch (IOException nobody) {
            return List.of();
        }
    }

    /** Lines of its metrics. */
    Stream<String> metrics() throws IOException, InterruptedException {
        return HTTP.send(request(uri("http", "/metrics")).build(), HttpResponse.BodyHandlers.ofLines())
                .body();
    }

    /** Posts {@code body}; the answer's lines arrive as they come. */
    HttpResponse<Stream<String>> post(String path, String body) throws IOException, InterruptedException {
        return HTTP.send(
                request(uri("http", path))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofLines());
    }

    private static HttpRequest.Builder request(URI uri) {
        return HttpRequest.newBuilder(uri).timeout(TIMEOUT);
    }

    /** Sends {@code signal} to its process. */
    void signal(String signal) throws IOException, InterruptedException {
        var kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
        assertThat(kill.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().orTimeout(TIMEOUT.toSeconds(), TimeUnit.SECONDS).join();
    }
}
