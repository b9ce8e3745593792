package io.caravan.tests.simulation;

import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/** Runs a simulation from many seeds, or from the one that {@code -Dcaravan.seed} names. */
final class Seeds {
    private static final String PROPERTY = "caravan.seed";

    private Seeds() {}

    static void forEach(LongStream seeds, LongConsumer simulation) {
        String only = System.getProperty(PROPERTY, "");
        LongStream chosen = only.isEmpty() ? seeds : LongStream.of(Long.parseLong(only));
        chosen.forEach(seed -> {
            try {
                simulation.accept(seed);
            } catch (RuntimeException | AssertionError failure) {
                throw new AssertionError(
                        "seed " + seed + " failed; rerun it alone with -D" + PROPERTY + "=" + seed, failure);
            }
        });
    }
}
