package io.caravan.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.LongSupplier;

/** Tells on standard error what a verb is doing, so that standard output holds the result alone. */
public final class Progress {
    private static final int LINE_WIDTH = 78;

    /** What is over sooner needs no telling. */
    private static final long PATIENCE_NS = Duration.ofMillis(700).toNanos();

    /** Between two lines that stay. */
    private static final long LINE_INTERVAL_NS = Duration.ofSeconds(2).toNanos();

    private final PrintStream out;
    private final boolean terminal;
    private final LongSupplier clockNs;
    private boolean busy;
    private long quietUntilNs;
    private String last = "";

    Progress(PrintStream out, boolean terminal, LongSupplier clockNs) {
        this.out = out;
        this.terminal = terminal;
        this.clockNs = clockNs;
    }

    /** On standard error; lines are overwritten where it is a terminal. */
    public static Progress onStandardError() {
        var console = System.console();
        return new Progress(System.err, console != null && console.isTerminal(), System::nanoTime);
    }

    /** A line that stays. */
    public synchronized void say(String line) {
        clear();
        out.println(line);
        out.flush();
    }

    /**
     * Where long work stands. On a terminal the line is overwritten by the next one; elsewhere one is written now and then.
     * Nothing is written while the work may yet be a short one.
     */
    public synchronized void update(String line) {
        long nowNs = clockNs.getAsLong();
        if (!busy) {
            busy = true;
            quietUntilNs = nowNs + (terminal ? PATIENCE_NS : LINE_INTERVAL_NS);
        }
        if (line.equals(last) || nowNs - quietUntilNs < 0) {
            return;
        }
        last = line;
        if (terminal) {
            out.print("\r" + padded(line));
        } else {
            out.println(line);
            quietUntilNs = nowNs + LINE_INTERVAL_NS;
        }
        out.flush();
    }

    /** The work is over: takes away the line that {@link #update} left. */
    public synchronized void clear() {
        if (terminal && !last.isEmpty()) {
            out.print("\r" + padded("") + "\r");
            out.flush();
        }
        last = "";
        busy = false;
    }

    private static String padded(String line) {
        var cut = line.length() > LINE_WIDTH ? line.substring(0, LINE_WIDTH) : line;
        return cut + " ".repeat(LINE_WIDTH - cut.length());
    }
}
