package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.GivenText;
import io.caravan.cli.StandardOutput;
import io.caravan.cli.Version;
import io.caravan.cli.config.Settings;
import io.caravan.cli.home.CaravanHome;
import io.caravan.cli.home.Logs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;

/** What all verbs have in common: their flags become one configuration, and their log goes to a file. */
abstract class Verb implements Callable<Integer> {
    static final int OK = 0;

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonFlags common;

    /** The whole configuration, where {@code presets} are what this verb sets unless someone says otherwise. */
    final Config settings(Map<String, ?> presets) {
        var all = new HashMap<String, Object>(presets);
        all.put("caravan.version", Version.current());
        all.put("caravan.worker.weight-cache.directory", home().weights().toString());
        return Settings.load(spec, common.config(), all);
    }

    /** The flags of {@code mixins}, by their fields' names, that stand on the command line. */
    final List<String> given(String... mixins) {
        return Stream.of(mixins)
                .flatMap(mixin -> spec.mixins().get(mixin).options().stream())
                .filter(option -> spec.commandLine().getParseResult().hasMatchedOption(option))
                .map(OptionSpec::longestName)
                .toList();
    }

    /** As it is typed. */
    final String name() {
        return spec.name();
    }

    /** What worker processes are told beside what the configuration says of them. */
    final List<String> workerArguments() {
        var arguments = new ArrayList<String>();
        if (!common.config().toString().isEmpty()) {
            arguments.add("--config=" + common.config().toAbsolutePath());
        }
        if (common.verbose()) {
            arguments.add("--verbose");
        }
        return arguments;
    }

    /** Tells what serves from now on, to whoever listens: a server goes on where nobody does. */
    static void announce(String line, Object... arguments) {
        try {
            System.out.printf(line + "%n", arguments);
        } catch (StandardOutput.Lost nobody) {
            LoggerFactory.getLogger(Verb.class).warn("{}", nobody.getMessage());
        }
    }

    static CaravanHome home() {
        return CaravanHome.of(GivenText.environment());
    }

    /** Logs into a file named after this verb; returns its path. */
    final Path logToFile() {
        return logToFile(name());
    }

    /** Logs into a file of this process; returns its path. */
    final Path logToFile(String name) {
        return Logs.toFile(home().logs(), name, common.verbose());
    }
}
