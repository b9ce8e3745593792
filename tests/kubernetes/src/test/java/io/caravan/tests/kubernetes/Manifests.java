package io.caravan.tests.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** What {@code kubectl apply -k} would apply: every object of a folder, as the model of its kind. */
record Manifests(List<HasMetadata> objects) {
    static final Path K8S = Path.of("../../k8s").toAbsolutePath().normalize();
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

    private static final Map<String, Manifests> RENDERED = new ConcurrentHashMap<>();

    /** Renders {@code folder} of the k8s folder with kubectl, once. */
    static Manifests render(String folder) {
        return RENDERED.computeIfAbsent(folder, Manifests::kustomize);
    }

    private static Manifests kustomize(String folder) {
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

    /** Parses documents of YAML; an unknown key or a wrong type is an error. */
    static Manifests read(String yaml) {
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            return new Manifests(
                    documents.readAll().stream().map(Manifests::typed).toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    <T extends HasMetadata> List<T> all(Class<T> kind) {
        return objects.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** The one object of {@code kind}. */
    <T extends HasMetadata> T only(Class<T> kind) {
        assertThat(all(kind)).hasSize(1);
        return all(kind).getFirst();
    }

    PodTemplateSpec gateway() {
        return only(Deployment.class).getSpec().getTemplate();
    }

    PodTemplateSpec worker() {
        return only(StatefulSet.class).getSpec().getTemplate();
    }

    /** The configuration that both mount. */
    String configuration() {
        return only(ConfigMap.class).getData().get("caravan.conf");
    }
}
