package io.caravan.cli.verbs;

import io.caravan.cli.Version;
import picocli.CommandLine.Command;

/** Says what this is. */
@Command(name = "version", description = "Show the versions of Caravan and of Java.")
public final class VersionVerb extends Verb {
    @Override
    public Integer call() {
        System.out.println("caravan " + Version.current());
        System.out.println("java " + Runtime.version());
        return OK;
    }
}
