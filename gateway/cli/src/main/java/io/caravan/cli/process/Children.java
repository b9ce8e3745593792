package io.caravan.cli.process;

/** Processes that a {@link Supervisor} keeps running, by their numbers 0, 1, ... */
public interface Children {

    /** Starts process number {@code index}, for the first time or again. */
    Process start(int index);

    /** What people call it. */
    String name(int index);

    /** The last line that it printed; empty where it printed nothing. */
    String lastLine(int index);
}
