package io.caravan.tests.kubernetes;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.util.Map;

/** Configurations as a process in a pod has them. */
final class Configurations {
    private Configurations() {}

    /** What {@code text} says alone, in the pod at {@code podIp}. */
    static Config alone(String text, String podIp) {
        return ConfigFactory.parseString(text).resolveWith(ConfigFactory.parseMap(Map.of("POD_IP", podIp)));
    }

    /** {@code text} over all defaults. */
    static Config over(String text, String podIp) {
        return alone(text, podIp).withFallback(defaults());
    }

    /** What a process has without a file: the settings of members over the modules' and the libraries' defaults. */
    static Config defaults() {
        return ConfigFactory.parseResources(
                        "caravan-cluster.conf", ConfigParseOptions.defaults().setAllowMissing(false))
                .withFallback(ConfigFactory.defaultReference());
    }
}
