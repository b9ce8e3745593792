package io.caravan.tests.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** A key that nobody reads is a setting that has no effect; so every key that we set is one that has a default. */
class ConfigurationTest {
    /** Paths that take keys of the user's own. */
    private static final Set<String> OPEN = Set.of("pekko.actor.serializers", "pekko.actor.serialization-bindings");

    @Test
    void shouldOnlySetKeysThatExistInTheManifests() throws IOException {
        var text = Files.readString(Manifests.K8S.resolve("base/caravan.conf"));

        assertThat(unknown(Configurations.alone(text, "10.0.0.1"))).isEmpty();
    }

    @Test
    void shouldOnlySetKeysThatExistForMembers() {
        assertThat(unknown(ConfigFactory.parseResources(
                        "caravan-cluster.conf", ConfigParseOptions.defaults().setAllowMissing(false))))
                .isEmpty();
    }

    @Test
    void shouldFindAnUnknownKey() {
        var config = ConfigFactory.parseMap(Map.of(
                "caravan.cluster.prot", 1,
                "pekko.discovery.kubernetes-api.pod-readiness-required", false,
                "pekko.management.http.port", 8558));

        assertThat(unknown(config))
                .containsExactly("caravan.cluster.prot", "pekko.discovery.kubernetes-api.pod-readiness-required");
    }

    @Test
    void shouldFindPodsAsTheManifestsLabelThemAndServeTheirProbes() {
        var config = Configurations.defaults().getConfig("pekko");

        assertThat(config.getString("discovery.kubernetes-api.pod-label-selector")
                        .formatted(
                                config.getString("management.cluster.bootstrap.contact-point-discovery.service-name")))
                .isEqualTo("app.kubernetes.io/part-of=caravan");
        assertThat(config.getString("management.health-checks.liveness-path")).isEqualTo("health");
        assertThat(config.getString("management.health-checks.readiness-path")).isEqualTo("health/ready");
    }

    /** Keys of ours and of Pekko in {@code config} that no default names, in order. */
    private static List<String> unknown(Config config) {
        var known = ConfigFactory.defaultReference();
        var unknown = new TreeSet<String>();
        for (Map.Entry<String, ConfigValue> entry : config.entrySet()) {
            String path = entry.getKey();
            if (!known.hasPathOrNull(path) && OPEN.stream().noneMatch(path::startsWith)) {
                unknown.add(path);
            }
        }
        return List.copyOf(unknown);
    }
}
