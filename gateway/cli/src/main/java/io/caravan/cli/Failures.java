package io.caravan.cli;

import com.typesafe.config.ConfigException;
import io.caravan.cli.config.EnvironmentDefaults;
import io.caravan.cli.home.CaravanHome;
import io.caravan.formats.ModelFormatException;
import io.caravan.gateway.server.GatewayStartException;
import java.util.Arrays;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** What the user sees of an error: one line that says what was wrong, and a stack trace only on demand. */
final class Failures {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    private Failures() {}

    static int wrongUsage(ParameterException wrong, String[] args) {
        var err = wrong.getCommandLine().getErr();
        err.println("caravan: " + wrong.getMessage() + origin(wrong, args));
        if (!UnmatchedArgumentException.printSuggestions(wrong, err)) {
            err.println(
                    "'" + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help' lists what there is.");
        }
        return WRONG_USAGE;
    }

    /** The variable that a wrong value came from, where no flag was given. */
    private static String origin(ParameterException wrong, String[] args) {
        if (wrong.getArgSpec() instanceof OptionSpec option
                && wrong.getCommandLine().getDefaultValueProvider() instanceof EnvironmentDefaults defaults
                && Arrays.stream(args).noneMatch(each -> names(option, each))) {
            return defaults.variable(option).map(name -> " (from " + name + ")").orElse("");
        }
        return "";
    }

    private static boolean names(OptionSpec option, String word) {
        return Arrays.stream(option.names()).anyMatch(name -> word.equals(name) || word.startsWith(name + "="));
    }

    static int failedVerb(Exception failure, CommandLine verb, ParseResult parsed) {
        verb.getErr().println("caravan: " + message(failure));
        boolean verbose = parsed.matchedOptionValue("--verbose", false) || System.getenv("CARAVAN_DEBUG") != null;
        if (verbose) {
            failure.printStackTrace(verb.getErr());
        }
        LoggerFactory.getLogger(Failures.class).info("The verb failed", failure);
        return failure instanceof ConfigException ? WRONG_USAGE : FAILED;
    }

    private static String message(Exception failure) {
        return switch (failure) {
            case CliException known -> known.getMessage();
            case ModelFormatException model -> model.getMessage();
            case GatewayStartException port -> port.getMessage();
            case ConfigException config -> "the configuration is wrong: " + config.getMessage();
            case IllegalArgumentException argument -> argument.getMessage();
            default ->
                failure.getClass().getSimpleName() + ": " + failure.getMessage() + " (the logs in "
                        + CaravanHome.of(System.getenv()).path().resolve("logs") + " and --verbose tell more)";
        };
    }
}
