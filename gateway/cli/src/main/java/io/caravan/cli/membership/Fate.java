package io.caravan.cli.membership;

/** What becomes of a member. */
public sealed interface Fate {
    String why();

    /** The cluster goes on without it, or is no more: this process is to join again as a new member. */
    record Lost(String why) implements Fate {}

    /** It is not wanted as it is: a person has to change something. */
    record Refused(String why) implements Fate {}
}
