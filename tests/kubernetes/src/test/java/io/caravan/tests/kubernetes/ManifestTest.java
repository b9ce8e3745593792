package io.caravan.tests.kubernetes;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.caravan.tests.support.NeedsProgram;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Renders what {@code kubectl apply -k} would apply and holds every object against the model of its kind: a misspelt key
 * or a wrong type is an additional property there, or does not parse at all.
 */
@NeedsProgram("kubectl")
class ManifestTest {
    private static final Path K8S = Path.of("../../k8s").toAbsolutePath().normalize();
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    /** The models keep unknown keys as additional properties; without that they are errors. */
    private static final ObjectMapper STRICT = new ObjectMapper()
            .setAnnotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasAnySetter(Annotated member) {
                    return false;
                }
            });

    private static final Map<String, Class<? extends HasMetadata>> KINDS = Map.ofEntries(
            Map.entry("v1/Namespace", Namespace.class),
            Map.entry("v1/ServiceAccount", ServiceAccount.class),
            Map.entry("v1/ConfigMap", ConfigMap.class),
            Map.entry("v1/Service", Service.class),
            Map.entry("v1/PersistentVolumeClaim", PersistentVolumeClaim.class),
            Map.entry("apps/v1/Deployment", Deployment.class),
            Map.entry("apps/v1/StatefulSet", StatefulSet.class),
            Map.entry("policy/v1/PodDisruptionBudget", PodDisruptionBudget.class),
            Map.entry("networking.k8s.io/v1/NetworkPolicy", NetworkPolicy.class),
            Map.entry("rbac.authorization.k8s.io/v1/Role", Role.class),
            Map.entry("rbac.authorization.k8s.io/v1/RoleBinding", RoleBinding.class));

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldRenderObjectsThatMatchTheirSchemas(String folder) {
        var objects = render(folder);

        assertThat(objects).hasSizeGreaterThan(10);
        for (var object : objects) {
            var typed = typed(object);
            assertThat(typed.getMetadata().getName()).isNotBlank();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{prots: [{port: 80}]}", "{ports: [{prot: 80}]}", "{ports: 80}"})
    void shouldFindAMisspeltKeyAndAWrongType(String spec) {
        var service = read("{apiVersion: v1, kind: Service, metadata: {name: a}, spec: " + spec + "}")
                .getFirst();

        assertThatThrownBy(() -> typed(service))
                .hasMessageContaining("v1/Service")
                .hasMessageContaining("port");
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldSelectPodsThatExistAndProbePortsThatAreOpen(String folder) {
        var objects = render(folder).stream().map(ManifestTest::typed).toList();
        var byKind = objects.stream().collect(groupingBy(HasMetadata::getKind));
        var gateway = (Deployment) byKind.get("Deployment").getFirst();
        var worker = (StatefulSet) byKind.get("StatefulSet").getFirst();
        var podLabels = List.of(
                gateway.getSpec().getTemplate().getMetadata().getLabels(),
                worker.getSpec().getTemplate().getMetadata().getLabels());

        assertThat(podLabels.get(0))
                .containsAllEntriesOf(gateway.getSpec().getSelector().getMatchLabels());
        assertThat(podLabels.get(1))
                .containsAllEntriesOf(worker.getSpec().getSelector().getMatchLabels());
        for (var service : byKind.get("Service")) {
            var selector = ((Service) service).getSpec().getSelector();
            assertThat(podLabels).anySatisfy(labels -> assertThat(labels).containsAllEntriesOf(selector));
        }
        for (var policy : byKind.get("NetworkPolicy")) {
            var selector = ((NetworkPolicy) policy).getSpec().getPodSelector().getMatchLabels();
            assertThat(podLabels).anySatisfy(labels -> assertThat(labels).containsAllEntriesOf(selector));
        }
        for (var budget : byKind.getOrDefault("PodDisruptionBudget", List.of())) {
            var selector =
                    ((PodDisruptionBudget) budget).getSpec().getSelector().getMatchLabels();
            assertThat(podLabels).anySatisfy(labels -> assertThat(labels).containsAllEntriesOf(selector));
        }
        shouldBeASafePod(gateway.getSpec().getTemplate().getSpec(), byKind);
        shouldBeASafePod(worker.getSpec().getTemplate().getSpec(), byKind);
    }

    private static void shouldBeASafePod(PodSpec pod, Map<String, List<HasMetadata>> byKind) {
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(byKind.get("ServiceAccount"))
                .extracting(it -> it.getMetadata().getName())
                .contains(pod.getServiceAccountName());
        var container = pod.getContainers().getFirst();
        var ports = container.getPorts().stream().map(port -> port.getName()).toList();
        assertThat(container.getLivenessProbe().getHttpGet().getPath()).isEqualTo("/health");
        assertThat(container.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/health/ready");
        assertThat(ports)
                .contains(
                        container.getLivenessProbe().getHttpGet().getPort().getStrVal(),
                        container.getReadinessProbe().getHttpGet().getPort().getStrVal());
        assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
        assertThat(pod.getTerminationGracePeriodSeconds()).isGreaterThanOrEqualTo(60);
        var volumes = pod.getVolumes().stream().map(volume -> volume.getName()).toList();
        assertThat(container.getVolumeMounts())
                .allSatisfy(mount -> assertThat(volumes).contains(mount.getName()));
        pod.getVolumes().stream()
                .filter(volume -> volume.getConfigMap() != null)
                .forEach(volume -> assertThat(byKind.get("ConfigMap"))
                        .extracting(it -> it.getMetadata().getName())
                        .contains(volume.getConfigMap().getName()));
    }

    private static HasMetadata typed(JsonNode object) {
        var kind =
                object.path("apiVersion").asText() + "/" + object.path("kind").asText();
        var type = KINDS.get(kind);
        assertThat(type).as("a model of %s", kind).isNotNull();
        try {
            return STRICT.treeToValue(object, type);
        } catch (IOException e) {
            throw new UncheckedIOException("not a " + kind + ": " + e.getMessage(), e);
        }
    }

    private static List<JsonNode> render(String folder) {
        try {
            var errors = Files.createTempFile("kustomize", ".err");
            var process = new ProcessBuilder(
                            "kubectl", "kustomize", K8S.resolve(folder).toString())
                    .redirectError(errors.toFile())
                    .start();
            var yaml = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
            Files.delete(errors);
            return read(yaml);
        } catch (IOException e) {
            throw new UncheckedIOException("kubectl is needed to render " + folder, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<JsonNode> read(String yaml) {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            return documents.readAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
