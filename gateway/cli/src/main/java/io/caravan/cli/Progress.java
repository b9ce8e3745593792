package io.caravan.cli;

import java.io.PrintStream;

/** Tells on standard error what a verb is doing, so that standard output holds the result alone. */
public final class Progress {
    private static final int LINE_WIDTH = 78;

    private final PrintStream out;
    private final boolean terminal;
    private String last = "";
    private boolean open;

    private Progress(PrintStream out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** On standard error; lines are overwritten where it is a terminal. */
    public static Progress onStandardError() {
        var console = System.console();
        return new Progress(System.err, console != null && console.isTerminal());
    }

    /** A line that stays. */
    public synchronized void say(String line) {
        clear();
        out.println(line);
        out.flush();
    }

    /**
     * Where long work stands: on a terminal the line is overwritten by the next one, elsewhere a line that does not
     * differ from the one before is dropped.
     */
    public synchronized void update(String line) {
        if (line.equals(last)) {
            return;
        }
        last = line;
        if (terminal) {
            out.print("\r" + padded(line));
            open = true;
        } else {
            out.println(line);
        }
        out.flush();
    }

    /** Takes away the line that {@link #update} left. */
    public synchronized void clear() {
        if (open) {
            out.print("\r" + padded("") + "\r");
            out.flush();
            open = false;
        }
        last = "";
    }

    private static String padded(String line) {
        var cut = line.length() > LINE_WIDTH ? line.substring(0, LINE_WIDTH) : line;
        return cut + " ".repeat(LINE_WIDTH - cut.length());
    }
}
