package io.caravan.cli.config;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;

/**
 * Finds variables that look like a setting of Caravan and are none: they would have no effect, and nobody would know. Only
 * what is a slip away from a name that exists is told; others may well have variables of their own that begin as ours.
 */
public final class Misspelt {
    private static final String OURS = "CARAVAN_";
    private static final int MOST_SLIPS = 2;

    /** Those that stand in for no flag with a configuration key. */
    private static final Set<String> WITHOUT_A_KEY = Set.of(
            "CARAVAN_HOME",
            "CARAVAN_CONFIG",
            "CARAVAN_DEBUG",
            "CARAVAN_JAVA_HOME",
            "CARAVAN_JAVA_OPTS",
            "CARAVAN_PREPARE");

    private Misspelt() {}

    /**
     * A line for each variable that is nearly one of Caravan's.
     *
     * @param verb whose own variables are known
     * @param verbs all there are, which take a while to look through: asked for only where {@code verb} does not explain all
     */
    public static List<String> in(
            Map<String, String> environment, CommandSpec verb, Supplier<Stream<CommandSpec>> verbs) {
        var known = variables(Stream.of(verb));
        var strange = environment.keySet().stream()
                .filter(name -> name.startsWith(OURS) && !known.contains(name) && !WITHOUT_A_KEY.contains(name))
                .filter(name -> !ServiceLinks.include(name, environment.get(name)))
                .sorted()
                .toList();
        if (strange.isEmpty()) {
            return List.of();
        }
        var all = variables(verbs.get());
        all.addAll(WITHOUT_A_KEY);
        return strange.stream().flatMap(name -> guess(name, all)).toList();
    }

    private static Set<String> variables(Stream<CommandSpec> verbs) {
        return verbs.flatMap(verb -> verb.args().stream())
                .flatMap(argument -> Settings.of(argument).stream())
                .map(Setting::env)
                .collect(Collectors.toSet());
    }

    private static Stream<String> guess(String name, Set<String> known) {
        return known.stream()
                .filter(each -> slips(name, each) <= MOST_SLIPS)
                .min(Comparator.comparingInt((String each) -> slips(name, each)).thenComparing(each -> each))
                .filter(meant -> !meant.equals(name))
                .map(meant -> "the variable " + name + " is no setting of Caravan; is " + meant + " meant?")
                .stream();
    }

    /** Letters to insert, take away or replace to come from one to the other. */
    private static int slips(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int column = 0; column < row.length; column++) {
            row[column] = column;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[to.length()];
    }
}
