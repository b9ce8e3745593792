package io.caravan.gateway.tokenizer;

import java.util.List;

/**
 * Finds the first of several strings in a text that comes in pieces, and holds back only what could be its beginning. The
 * string that is complete first wins, of two the longer; so the answer does not depend on how the text is cut.
 */
public final class StopStrings {
    private final List<String> stops;
    private String held = "";
    private boolean found;

    /** Looks for {@code stops}, none of which is empty. */
    public StopStrings(List<String> stops) {
        if (stops.stream().anyMatch(String::isEmpty)) {
            throw new IllegalArgumentException("a stop string must not be empty");
        }
        this.stops = List.copyOf(stops);
    }

    /** What may be shown now that {@code text} has come; nothing that follows a stop string, nor the string itself. */
    public String next(String text) {
        if (found) {
            return "";
        }
        String pending = held + text;
        int start = -1;
        int end = Integer.MAX_VALUE;
        for (String stop : stops) {
            int at = pending.indexOf(stop);
            int until = at + stop.length();
            if (at >= 0 && (until < end || until == end && at < start)) {
                start = at;
                end = until;
            }
        }
        found = start >= 0;
        int shown = found ? start : pending.length() - possibleBeginning(pending);
        held = found ? "" : pending.substring(shown);
        return pending.substring(0, shown);
    }

    /** Whether a stop string has come: the text ends here. */
    public boolean found() {
        return found;
    }

    /** What was held back, when no text follows. */
    public String finish() {
        String rest = held;
        held = "";
        return rest;
    }

    /** Length of the longest end of {@code text} that a stop string begins with. */
    private int possibleBeginning(String text) {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, text.length()); length > longest; length--) {
                if (text.endsWith(stop.substring(0, length))) {
                    longest = length;
                }
            }
        }
        return longest;
    }
}
