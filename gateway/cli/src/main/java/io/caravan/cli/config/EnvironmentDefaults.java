package io.caravan.cli.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Lets an environment variable stand in for a flag that was not given, checked as the flag would be. What cannot be meant for
 * Caravan is passed over.
 */
public record EnvironmentDefaults(Map<String, String> environment) implements IDefaultValueProvider {

    public EnvironmentDefaults {
        environment = Map.copyOf(environment);
    }

    @Override
    public String defaultValue(ArgSpec argument) {
        return variable(argument).map(environment::get).orElse(null);
    }

    /** The variable that stands in for {@code argument}, where it is set. */
    public Optional<String> variable(ArgSpec argument) {
        return named(argument).filter(name -> !ServiceLinks.include(name, environment.get(name)));
    }

    /** A line for each variable that would stand in for a flag of {@code verb}, were it ours. */
    public List<String> passedOver(CommandSpec verb) {
        return verb.args().stream()
                .flatMap(argument -> named(argument).stream())
                .filter(name -> ServiceLinks.include(name, environment.get(name)))
                .map(name -> name + "=" + environment.get(name) + " is passed over: it is a link to a Service of"
                        + " Kubernetes and not meant for Caravan; enableServiceLinks: false keeps such out of a pod")
                .toList();
    }

    private Optional<String> named(ArgSpec argument) {
        return Settings.of(argument)
                .map(Setting::env)
                .filter(name -> !environment.getOrDefault(name, "").isBlank());
    }
}
