package io.caravan.cli;

import com.typesafe.config.ConfigException;
import io.caravan.cli.home.CaravanHome;
import io.caravan.formats.ModelFormatException;
import io.caravan.gateway.server.GatewayStartException;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
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
        err.println("caravan: " + wrong.getMessage());
        if (!UnmatchedArgumentException.printSuggestions(wrong, err)) {
            err.println(
                    "'" + wrong.getCommandLine().getCommandSpec().qualifiedName() + " --help' lists what there is.");
        }
        return WRONG_USAGE;
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
