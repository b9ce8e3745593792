package io.caravan.model.sampling;

/**
 * How much mass the first tokens of a ranking have: tokens by falling score, equal scores by rising id. At least one token is ranked.
 * Masses are whole numbers above 0: their sums are the same in any order, so that no ranking has to be sorted to answer.
 */
abstract class MassByRank {

    /** A place in the ranking. */
    record Place(int id, long massThrough) {}

    /** The first place at which the running mass, or else the number of tokens so far, exceeds {@code goal}; the last where none does. */
    abstract Place seek(long goal, boolean byMass);

    /** Mass of the first {@code tokens}; of all where there are fewer. */
    final long massOfFirst(int tokens) {
        return seek(tokens - 1L, false).massThrough();
    }

    /** Mass of the fewest first tokens that have {@code enough} together; of all where they have less. */
    final long massReaching(long enough) {
        return seek(enough - 1, true).massThrough();
    }

    /** The first token with which the running mass exceeds {@code passed}; the last one where it never does. */
    final int tokenBeyond(long passed) {
        return seek(passed, true).id();
    }
}
