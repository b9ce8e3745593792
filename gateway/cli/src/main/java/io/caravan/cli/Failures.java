package io.caravan.cli;

import com.typesafe.config.ConfigException;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.config.EnvironmentDefaults;
import io.caravan.cli.home.CaravanHome;
import io.caravan.formats.ModelFormatException;
import io.caravan.gateway.server.GatewayStartException;
import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
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

    /** What a shell reports of a program that SIGPIPE ended. */
    private static final int READER_GONE = 141;

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
        LoggerFactory.getLogger(Failures.class).info("The verb failed", failure);
        if (failure instanceof StandardOutput.Lost lost) {
            return lostOutput(lost, verb.getErr());
        }
        if (Shutdown.ending()) {
            return FAILED;
        }
        verb.getErr().println("caravan: " + message(failure));
        if (verbose(verb)) {
            failure.printStackTrace(verb.getErr());
        }
        return failure instanceof ConfigException ? WRONG_USAGE : FAILED;
    }

    /** As programs in C end: with a word about a full disk, and without one when nobody reads on. */
    static int lostOutput(StandardOutput.Lost lost, PrintWriter err) {
        if (lost.readerGone()) {
            return READER_GONE;
        }
        err.println("caravan: " + lost.getMessage());
        return FAILED;
    }

    private static boolean verbose(CommandLine verb) {
        var option = verb.getCommandSpec().findOption("--verbose");
        return option != null && Boolean.TRUE.equals(option.getValue());
    }

    private static String message(Exception failure) {
        return switch (failure) {
            case CliException known -> known.getMessage();
            case ModelFormatException model -> model.getMessage();
            case GatewayStartException port -> port.getMessage();
            case ConfigException config -> "the configuration is wrong: " + config.getMessage();
            case InvalidPathException path ->
                "there can be no file '" + path.getInput() + "' (" + path.getReason()
                        + "); names beyond ASCII need a UTF-8 locale, as LC_ALL=C.UTF-8";
            case IllegalArgumentException argument -> argument.getMessage();
            default ->
                failure.getClass().getSimpleName() + ": " + failure.getMessage() + " (the logs in "
                        + CaravanHome.of(GivenText.environment()).path().resolve("logs") + " and --verbose tell more)";
        };
    }
}
