package io.caravan.cli.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import io.caravan.cli.CliException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;

/**
 * The one configuration of a process, in layers: a flag beats its environment variable, which beats the file, which
 * beats what the verb presets, which beats the defaults in each module's {@code reference.conf}.
 *
 * <p>Flags and variables are turned into configuration keys here, once, so that whatever reads a setting reads it from
 * one place and does not know how it was given.
 */
public final class Settings {
    private static final String ROOT = "caravan";
    private static final String CLUSTER_MEMBERS = "caravan-cluster.conf";

    private Settings() {}

    /** Begins to read the modules' defaults, which takes as long as the command line. */
    public static void readAhead() {
        Thread.ofPlatform().daemon().name("settings").start(ConfigFactory::defaultReference);
    }

    /** The annotation of a flag's field, if it has one. */
    static Optional<Setting> of(ArgSpec argument) {
        return argument.userObject() instanceof Field field
                ? Optional.ofNullable(field.getAnnotation(Setting.class))
                : Optional.empty();
    }

    /**
     * The whole configuration of a verb.
     *
     * @param command the verb, parsed
     * @param file that {@code --config} names; an empty path where it was not given
     * @param presets what the verb sets unless someone says otherwise
     */
    public static Config load(CommandSpec command, Path file, Map<String, ?> presets) {
        try {
            var layers = given(command)
                    .withFallback(fromFile(file))
                    .withFallback(ConfigFactory.parseMap(presets, "presets of " + command.name()))
                    .withFallback(ConfigFactory.parseResources(
                            CLUSTER_MEMBERS, ConfigParseOptions.defaults().setAllowMissing(false)));
            return withBooleans(ConfigFactory.load(layers));
        } catch (ConfigException wrong) {
            throw new CliException("the configuration is wrong: " + wrong.getMessage(), wrong);
        }
    }

    /** What flags and environment variables say, as configuration keys. */
    static Config given(CommandSpec command) {
        var values = new HashMap<String, Object>();
        for (ArgSpec argument : command.args()) {
            of(argument).ifPresent(setting -> {
                Object value = argument.getValue();
                if (value != null) {
                    for (String key : setting.key()) {
                        values.put(key, plain(value));
                    }
                }
            });
        }
        var config = ConfigFactory.empty();
        for (var entry : values.entrySet()) {
            config = config.withValue(
                    entry.getKey(), ConfigValueFactory.fromAnyRef(entry.getValue(), "flags and environment"));
        }
        return config;
    }

    private static Object plain(Object value) {
        return switch (value) {
            case Number number -> number;
            case Boolean flag -> flag;
            case List<?> list -> list.stream().map(Settings::plain).toList();
            case Path path -> path.toAbsolutePath().normalize().toString();
            default -> value.toString();
        };
    }

    /** {@code config}, with every spelling of yes and no that people use where a default is a Boolean. */
    private static Config withBooleans(Config config) {
        var spelt = config;
        for (var known : ConfigFactory.defaultReference().getConfig(ROOT).entrySet()) {
            String key = ROOT + "." + known.getKey();
            if (known.getValue().valueType() == ConfigValueType.BOOLEAN) {
                spelt = spelt.withValue(key, yesOrNo(key, config.getValue(key)));
            }
        }
        return spelt;
    }

    private static ConfigValue yesOrNo(String key, ConfigValue given) {
        String text = String.valueOf(given.unwrapped());
        boolean value = Booleans.parse(text)
                .orElseThrow(() -> new CliException(key + " in "
                        + given.origin().description() + " must be " + Booleans.ACCEPTED + ", not " + text));
        return ConfigValueFactory.fromAnyRef(value, given.origin().description());
    }

    private static Config fromFile(Path file) {
        if (file.toString().isEmpty()) {
            return ConfigFactory.empty();
        }
        if (!Files.isReadable(file)) {
            throw new CliException("the configuration file " + file + " cannot be read");
        }
        var config = ConfigFactory.parseFile(file.toFile());
        refuseUnknown(file, config);
        return config;
    }

    /** A misspelt key would be a setting that has no effect, and nobody would know. */
    private static void refuseUnknown(Path file, Config config) {
        if (config.root().get(ROOT) instanceof ConfigObject ours) {
            refuseUnknown(file, ROOT, ours, ConfigFactory.defaultReference());
        }
    }

    private static void refuseUnknown(Path file, String path, ConfigValue value, Config known) {
        if (!known.hasPathOrNull(path)) {
            throw new CliException(path + " in " + file + " is no setting of Caravan");
        }
        if (value instanceof ConfigObject object) {
            object.forEach((key, inner) -> refuseUnknown(file, path + "." + ConfigUtil.joinPath(key), inner, known));
        }
    }
}
