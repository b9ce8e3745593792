package io.caravan.cli.config;

import java.util.Map;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;

/** Lets an environment variable stand in for a flag that was not given, checked as the flag would be. */
public record EnvironmentDefaults(Map<String, String> environment) implements IDefaultValueProvider {

    public EnvironmentDefaults {
        environment = Map.copyOf(environment);
    }

    @Override
    public String defaultValue(ArgSpec argument) {
        return Settings.of(argument)
                .map(setting -> environment.get(setting.env()))
                .filter(value -> !value.isBlank())
                .orElse(null);
    }
}
