package io.caravan.proto.model;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Weights as they lie in memory.
 *
 * @param bytes of all of them
 * @param form the formats that they have there, for people: "BF16 in 12 bits", or several with their shares, the largest first
 */
public record HeldWeights(long bytes, String form) {

    /** Of a stage that holds none. */
    public static final HeldWeights NONE = new HeldWeights(0, "");

    /** All of {@code parts}, each of one format; one of less than half a percent is not named. */
    public static HeldWeights together(List<HeldWeights> parts) {
        long bytes = parts.stream().mapToLong(HeldWeights::bytes).sum();
        Map<String, Long> forms = parts.stream()
                .collect(Collectors.groupingBy(
                        HeldWeights::form, TreeMap::new, Collectors.summingLong(HeldWeights::bytes)));
        forms.values().removeIf(formBytes -> percent(formBytes, bytes) < 0.5);
        String text = forms.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .map(entry -> forms.size() == 1
                        ? entry.getKey()
                        : String.format(Locale.ROOT, "%s (%.0f%%)", entry.getKey(), percent(entry.getValue(), bytes)))
                .collect(Collectors.joining(", "));
        return new HeldWeights(bytes, text);
    }

    private static double percent(long bytes, long of) {
        return 100.0 * bytes / of;
    }
}
