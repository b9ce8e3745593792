package io.caravan.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command line. */
@Command(name = "caravan", description = "Serves LLaMA-family models whose layers are spread over many machines.")
public final class Caravan {
    private Caravan() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Caravan()).execute(args));
    }
}
