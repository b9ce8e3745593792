package io.caravan.cli.membership;

/** What {@link Jury} finds. */
sealed interface Verdict {
    /**
     * A member is dead: the cluster is to go on without it.
     *
     * @param silent whether it may live, beyond a network that is parted
     */
    record Dead(Peer peer, String why, boolean silent) implements Verdict {}

    /** This process is with a cluster that is no more. */
    record Lost(String why) implements Verdict {}
}
