package io.caravan.cli.process;

/**
 * A child process that keeps ending.
 *
 * @param name what people call it
 * @param deaths in a row
 * @param status of the last one
 * @param lastLine that it printed then; empty for none
 */
public record Trouble(String name, int deaths, int status, String lastLine) {

    /** A line for people. */
    public String text() {
        return name + " ended " + (deaths == 1 ? "" : deaths + " times in a row, last ") + "with status " + status
                + (lastLine.isEmpty() ? "" : ": " + lastLine);
    }
}
