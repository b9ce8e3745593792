package io.caravan.cli;

import io.caravan.cli.config.EnvironmentDefaults;
import io.caravan.cli.verbs.BenchVerb;
import io.caravan.cli.verbs.ChatVerb;
import io.caravan.cli.verbs.ConvertVerb;
import io.caravan.cli.verbs.GenerateVerb;
import io.caravan.cli.verbs.LogitsVerb;
import io.caravan.cli.verbs.PsVerb;
import io.caravan.cli.verbs.RunVerb;
import io.caravan.cli.verbs.ServeVerb;
import io.caravan.cli.verbs.ShowVerb;
import io.caravan.cli.verbs.StopVerb;
import io.caravan.cli.verbs.SynthVerb;
import io.caravan.cli.verbs.UpVerb;
import io.caravan.cli.verbs.VersionVerb;
import io.caravan.cli.verbs.WorkerVerb;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The command line: parses, runs a verb, and turns what goes wrong into one line and an exit status. */
@Command(
        name = "caravan",
        description = "Serves LLaMA-family models whose layers are spread over many machines.",
        versionProvider = Version.class,
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "A flag beats its environment variable, which beats the file that --config names.",
            "The launcher adds: build (compile now), prepare (make starts quicker), test (run the whole test suite)",
            "and image (make the container image)."
        },
        subcommands = {
            ChatVerb.class,
            RunVerb.class,
            UpVerb.class,
            ServeVerb.class,
            WorkerVerb.class,
            PsVerb.class,
            StopVerb.class,
            BenchVerb.class,
            ShowVerb.class,
            ConvertVerb.class,
            SynthVerb.class,
            LogitsVerb.class,
            GenerateVerb.class,
            VersionVerb.class,
            HelpCommand.class
        })
public final class Caravan implements Runnable {
    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    public static void main(String[] args) {
        System.exit(commandLine(System.getenv()).execute(args));
    }

    /** The whole command line, where {@code environment} stands in for flags that are not given. */
    public static CommandLine commandLine(Map<String, String> environment) {
        var commandLine = new CommandLine(new Caravan());
        commandLine.setDefaultValueProvider(new EnvironmentDefaults(environment));
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setParameterExceptionHandler(Failures::wrongUsage);
        commandLine.setExecutionExceptionHandler(Failures::failedVerb);
        return commandLine;
    }

    /** Without a verb: the help. */
    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }
}
