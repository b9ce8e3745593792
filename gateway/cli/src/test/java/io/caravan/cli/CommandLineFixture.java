package io.caravan.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;

/** Runs a command line within this process, as far as it speaks through picocli: help and errors. */
final class CommandLineFixture {

    /** How a command line ended. */
    record Outcome(int status, String out, String err) {}

    private CommandLineFixture() {}

    static Outcome run(String... arguments) {
        return run(Map.of(), arguments);
    }

    static Outcome run(Map<String, String> environment, String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        var commandLine = Caravan.commandLine(environment);
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        int status = commandLine.execute(arguments);
        return new Outcome(status, out.toString(), err.toString());
    }
}
