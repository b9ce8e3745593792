package io.caravan.tests.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.caravan.cli.Caravan;
import io.caravan.cli.config.Setting;
import io.caravan.tests.support.NeedsProgram;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Holds every object that would be applied against the model of its kind (a misspelt key or a wrong type does not parse),
 * and what they say of each other, and of Caravan's own configuration, against what there is.
 */
@NeedsProgram("kubectl")
class ManifestTest {
    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldRenderObjectsThatMatchTheirSchemas(String folder) {
        assertThat(Manifests.render(folder).objects())
                .hasSizeGreaterThan(10)
                .allSatisfy(object -> assertThat(object.getMetadata().getName()).isNotBlank());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{prots: [{port: 80}]}", "{ports: [{prot: 80}]}", "{ports: 80}"})
    void shouldFindAMisspeltKeyAndAWrongType(String spec) {
        var service = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: " + spec + "}";

        assertThatThrownBy(() -> Manifests.read(service))
                .hasMessageContaining("v1/Service")
                .hasMessageContaining("port");
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldSelectPodsThatExist(String folder) {
        var manifests = Manifests.render(folder);
        var gateway = manifests.only(Deployment.class).getSpec();
        var workers = manifests.only(StatefulSet.class).getSpec();
        var pods = Stream.of(gateway.getTemplate(), workers.getTemplate())
                .map(it -> it.getMetadata().getLabels())
                .toList();

        assertThat(pods.get(0)).containsAllEntriesOf(gateway.getSelector().getMatchLabels());
        assertThat(pods.get(1)).containsAllEntriesOf(workers.getSelector().getMatchLabels());
        assertThat(workers.getServiceName())
                .isIn(manifests.all(Service.class).stream()
                        .map(it -> it.getMetadata().getName())
                        .toList());
        Stream.of(
                        manifests.all(Service.class).stream()
                                .map(it -> it.getSpec().getSelector()),
                        manifests.all(NetworkPolicy.class).stream()
                                .map(it -> it.getSpec().getPodSelector())
                                .map(LabelSelector::getMatchLabels),
                        manifests.all(PodDisruptionBudget.class).stream()
                                .map(it -> it.getSpec().getSelector())
                                .map(LabelSelector::getMatchLabels))
                .flatMap(it -> it)
                .forEach(selector ->
                        assertThat(pods).anySatisfy(labels -> assertThat(labels).containsAllEntriesOf(selector)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldKeepServicesOutOfThePodsVariables(String folder) {
        var manifests = Manifests.render(folder);

        assertThat(List.of(manifests.gateway(), manifests.worker()))
                .allSatisfy(
                        pod -> assertThat(pod.getSpec().getEnableServiceLinks()).isFalse());
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldOpenThePortsThatTheConfigurationNamesAndNoOthers(String folder) {
        var manifests = Manifests.render(folder);
        var config = configuration(manifests);
        var members = Map.of(
                "artery", config.getInt("caravan.cluster.port"),
                "management", config.getInt("caravan.cluster.management-port"),
                "aeron", config.getInt("caravan.transport.port"));
        var clients = Map.of(
                "http", config.getInt("caravan.gateway.http.port"),
                "grpc", config.getInt("caravan.gateway.grpc.port"));

        assertThat(ports(manifests.worker())).containsExactlyInAnyOrderEntriesOf(members);
        assertThat(ports(manifests.gateway())).containsAllEntriesOf(members).containsAllEntriesOf(clients);
        assertThat(config.getString("pekko.management.cluster.bootstrap.contact-point-discovery.port-name"))
                .isEqualTo("management");
        assertThat(ingress(manifests, "caravan-members")).containsExactlyInAnyOrderElementsOf(members.keySet());
        assertThat(ingress(manifests, "caravan-clients")).containsExactlyInAnyOrderElementsOf(clients.keySet());
        for (var service : manifests.all(Service.class)) {
            var names = service.getSpec().getPorts().stream()
                    .map(it -> it.getTargetPort().getStrVal())
                    .toList();
            assertThat(Stream.of(manifests.gateway(), manifests.worker()))
                    .filteredOn(it -> it.getMetadata()
                            .getLabels()
                            .entrySet()
                            .containsAll(service.getSpec().getSelector().entrySet()))
                    .isNotEmpty()
                    .allSatisfy(it -> assertThat(ports(it)).containsKeys(names.toArray(String[]::new)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldMountWhatExistsAndWriteNowhereElse(String folder) {
        var manifests = Manifests.render(folder);
        for (var pod : List.of(manifests.gateway().getSpec(), manifests.worker().getSpec())) {
            var container = pod.getContainers().getFirst();
            var volumes = pod.getVolumes().stream().map(Volume::getName).toList();
            var mounts = container.getVolumeMounts().stream()
                    .map(VolumeMount::getMountPath)
                    .toList();

            assertThat(container.getVolumeMounts())
                    .extracting(VolumeMount::getName)
                    .containsExactlyInAnyOrderElementsOf(volumes);
            assertThat(container.getSecurityContext().getReadOnlyRootFilesystem())
                    .isTrue();
            assertThat(mounts).contains("/tmp", "/dev/shm");
            assertThat(pod.getVolumes()).allSatisfy(volume -> shouldExist(volume, manifests, folder));
            assertThat(container.getArgs()).contains("/etc/caravan/caravan.conf");
            assertThat(container.getImage()).isEqualTo("caravan:0.1.0");
        }
    }

    /** The secret, and the claim of the base, are the user's own; the overlays bring or replace the claim. */
    private static void shouldExist(Volume volume, Manifests manifests, String folder) {
        if (volume.getConfigMap() != null) {
            assertThat(manifests.all(ConfigMap.class))
                    .extracting(it -> it.getMetadata().getName())
                    .contains(volume.getConfigMap().getName());
        } else if (volume.getSecret() != null) {
            assertThat(volume.getSecret().getSecretName()).isEqualTo("caravan-tls");
        } else if (volume.getPersistentVolumeClaim() == null) {
            assertThat(volume.getEmptyDir()).as(volume.getName()).isNotNull();
        } else if (!folder.equals("base")) {
            assertThat(manifests.all(PersistentVolumeClaim.class))
                    .extracting(it -> it.getMetadata().getName())
                    .contains(volume.getPersistentVolumeClaim().getClaimName());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldRunAsNobodyAndAskTheApiForPodsOnly(String folder) {
        var manifests = Manifests.render(folder);
        for (var pod : List.of(manifests.gateway().getSpec(), manifests.worker().getSpec())) {
            var container = pod.getContainers().getFirst();
            assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(container.getSecurityContext().getAllowPrivilegeEscalation())
                    .isFalse();
            assertThat(container.getSecurityContext().getCapabilities().getDrop())
                    .containsExactly("ALL");
            assertThat(pod.getServiceAccountName())
                    .isEqualTo(
                            manifests.only(ServiceAccount.class).getMetadata().getName())
                    .isEqualTo(manifests
                            .only(RoleBinding.class)
                            .getSubjects()
                            .getFirst()
                            .getName());
            assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
            assertThat(container.getResources().getLimits()).containsKeys("memory");
        }
        var role = manifests.only(Role.class);
        assertThat(manifests.only(RoleBinding.class).getRoleRef().getName())
                .isEqualTo(role.getMetadata().getName());
        assertThat(role.getRules()).singleElement().satisfies(rule -> {
            assertThat(rule.getResources()).containsExactly("pods");
            assertThat(rule.getVerbs()).containsExactly("list");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldGiveAPodTheTimeThatItsProcessTakesToEnd(String folder) {
        var manifests = Manifests.render(folder);
        var config = configuration(manifests);
        var leave = config.getDuration("caravan.cluster.leave-timeout");

        assertThat(grace(manifests.gateway().getSpec()))
                .isGreaterThan(
                        config.getDuration("caravan.gateway.drain-timeout").plus(leave));
        assertThat(grace(manifests.worker().getSpec()))
                .isGreaterThan(config.getDuration("caravan.worker.stop-timeout").plus(leave));
    }

    /** What the process has of the grace period, which begins before the hook that waits. */
    private static Duration grace(PodSpec pod) {
        var whole = Duration.ofSeconds(pod.getTerminationGracePeriodSeconds());
        var lifecycle = pod.getContainers().getFirst().getLifecycle();
        return lifecycle == null
                ? whole
                : whole.minusSeconds(lifecycle.getPreStop().getSleep().getSeconds());
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldProbeOpenPortsAndNameWorkersAfterTheirPods(String folder) {
        var manifests = Manifests.render(folder);
        for (var pod : List.of(manifests.gateway(), manifests.worker())) {
            Container container = pod.getSpec().getContainers().getFirst();
            var live = container.getLivenessProbe().getHttpGet();
            var ready = container.getReadinessProbe().getHttpGet();
            assertThat(live.getPath()).isEqualTo("/health");
            assertThat(ready.getPath()).isEqualTo("/health/ready");
            assertThat(ports(pod))
                    .containsKeys(live.getPort().getStrVal(), ready.getPort().getStrVal());
        }
        assertThat(manifests.worker().getSpec().getContainers().getFirst().getEnv())
                .filteredOn(it -> it.getName().equals("CARAVAN_WORKER_NAME"))
                .extracting(EnvVar::getValueFrom)
                .singleElement()
                .extracting(it -> it.getFieldRef().getFieldPath())
                .isEqualTo("metadata.name");
        assertThat(manifests.only(StatefulSet.class).getSpec().getReplicas())
                .as("a worker for each stage and a spare")
                .isGreaterThan(stages(manifests.gateway()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "overlays/laptop", "overlays/gpu"})
    void shouldSetOnlyVariablesThatTheVerbReads(String folder) {
        var manifests = Manifests.render(folder);
        for (var pod : List.of(manifests.gateway(), manifests.worker())) {
            var container = pod.getSpec().getContainers().getFirst();
            var verb = Caravan.commandLine(Map.of())
                    .getSubcommands()
                    .get(container.getArgs().getFirst());
            var read = verb.getCommandSpec().args().stream()
                    .map(it -> ((Field) it.userObject()).getAnnotation(Setting.class))
                    .filter(Objects::nonNull)
                    .map(Setting::env)
                    .toList();

            assertThat(container.getEnv())
                    .extracting(EnvVar::getName)
                    .filteredOn(name -> !name.equals("POD_IP"))
                    .isSubsetOf(read);
        }
    }

    private static int stages(PodTemplateSpec gateway) {
        return gateway.getSpec().getContainers().getFirst().getEnv().stream()
                .filter(it -> it.getName().equals("CARAVAN_STAGES"))
                .mapToInt(it -> Integer.parseInt(it.getValue()))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, Integer> ports(PodTemplateSpec pod) {
        return pod.getSpec().getContainers().getFirst().getPorts().stream()
                .collect(Collectors.toMap(ContainerPort::getName, ContainerPort::getContainerPort));
    }

    private static List<String> ingress(Manifests manifests, String policy) {
        return manifests.all(NetworkPolicy.class).stream()
                .filter(it -> it.getMetadata().getName().equals(policy))
                .flatMap(it -> it.getSpec().getIngress().stream())
                .flatMap(it -> it.getPorts().stream())
                .map(it -> it.getPort())
                .map(IntOrString::getStrVal)
                .toList();
    }

    private static Config configuration(Manifests manifests) {
        return Configurations.over(manifests.configuration(), "10.0.0.1");
    }
}
