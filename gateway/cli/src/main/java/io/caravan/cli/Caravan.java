package io.caravan.cli;

import io.caravan.cli.config.Booleans;
import io.caravan.cli.config.EnvironmentDefaults;
import io.caravan.cli.config.Misspelt;
import io.caravan.cli.config.Settings;
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
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

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
        })
public final class Caravan implements Runnable {
    private static final String HELP = "help"; // tells of all verbs
    private static final SequencedMap<String, Class<?>> VERBS = verbs();

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    public static void main(String[] args) {
        Settings.readAhead();
        StandardOutput.install();
        var given = GivenText.arguments(args);
        System.exit(commandLine(GivenText.environment(), given).execute(given));
    }

    /** As {@link #commandLine(Map)}, with no other verb than the one that {@code args} name, where they do: each takes time. */
    static CommandLine commandLine(Map<String, String> environment, String... args) {
        return args.length > 0 && VERBS.containsKey(args[0]) && !args[0].equals(HELP)
                ? commandLine(environment, List.of(args[0]))
                : commandLine(environment);
    }

    /** The whole command line, where {@code environment} stands in for flags that are not given. */
    public static CommandLine commandLine(Map<String, String> environment) {
        return commandLine(environment, VERBS.sequencedKeySet());
    }

    private static CommandLine commandLine(Map<String, String> environment, Collection<String> verbs) {
        var commandLine = new CommandLine(new Caravan());
        verbs.forEach(verb -> commandLine.addSubcommand(verb, VERBS.get(verb)));
        var defaults = new EnvironmentDefaults(environment);
        commandLine.setDefaultValueProvider(defaults);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.registerConverter(Boolean.class, Caravan::yesOrNo);
        commandLine.registerConverter(boolean.class, Caravan::yesOrNo);
        commandLine.setExecutionStrategy(parsed -> {
            tellOfStrangeVariables(parsed, defaults);
            return execute(parsed, commandLine);
        });
        commandLine.setParameterExceptionHandler(Failures::wrongUsage);
        commandLine.setExecutionExceptionHandler(Failures::failedVerb);
        return commandLine;
    }

    private static void tellOfStrangeVariables(ParseResult parsed, EnvironmentDefaults defaults) {
        var verb = parsed.asCommandLineList().getLast();
        Stream.concat(
                        defaults.passedOver(verb.getCommandSpec()).stream(),
                        Misspelt.in(defaults.environment(), verb.getCommandSpec(), Caravan::allVerbs).stream())
                .forEach(line -> verb.getErr().println("caravan: " + line));
    }

    private static Stream<CommandLine.Model.CommandSpec> allVerbs() {
        return commandLine(Map.of()).getSubcommands().values().stream().map(CommandLine::getCommandSpec);
    }

    /** Runs the verb or helps; what goes wrong in a verb is handled elsewhere, but not what goes wrong while helping. */
    private static int execute(ParseResult parsed, CommandLine commandLine) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (StandardOutput.Lost lost) {
            return Failures.lostOutput(lost, commandLine.getErr());
        }
    }

    private static Boolean yesOrNo(String text) {
        return Booleans.parse(text)
                .orElseThrow(() -> new TypeConversionException("'" + text + "' is not " + Booleans.ACCEPTED));
    }

    private static SequencedMap<String, Class<?>> verbs() {
        var verbs = new LinkedHashMap<String, Class<?>>();
        verbs.put("chat", ChatVerb.class);
        verbs.put("run", RunVerb.class);
        verbs.put("up", UpVerb.class);
        verbs.put("serve", ServeVerb.class);
        verbs.put("worker", WorkerVerb.class);
        verbs.put("ps", PsVerb.class);
        verbs.put("stop", StopVerb.class);
        verbs.put("bench", BenchVerb.class);
        verbs.put("show", ShowVerb.class);
        verbs.put("convert", ConvertVerb.class);
        verbs.put("synth", SynthVerb.class);
        verbs.put("logits", LogitsVerb.class);
        verbs.put("generate", GenerateVerb.class);
        verbs.put("version", VersionVerb.class);
        verbs.put(HELP, HelpCommand.class);
        return verbs;
    }

    /** Without a verb: the help. */
    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }
}
