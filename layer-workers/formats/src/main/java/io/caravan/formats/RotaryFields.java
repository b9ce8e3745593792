package io.caravan.formats;

import java.util.List;
import java.util.Set;

/**
 * Fields of a configuration that are named after rotary embedding and that none of the supported families reads: other
 * families' names of the base ({@code rotary_emb_base}, {@code rope_base}), interleaved pairs, a part of the head. Hugging Face's
 * code passes over them, so that the model would be another one than its file describes.
 */
final class RotaryFields {
    private static final Set<String> KNOWN = Set.of(
            "rope_theta",
            "rope_scaling",
            "rope_parameters",
            "no_rope_layers",
            "no_rope_layer_interval",
            "partial_rotary_factor",
            "use_mrope",
            "use_rope");

    /** Parts of names of which one tells that a field is about positions. */
    private static final List<String> MARKS = List.of("rope", "rotary", "ntk", "alibi");

    private RotaryFields() {}

    /** Refuses each such field by name, unless it says no more than {@code theta} or that nothing is to be done. */
    static void refuseUnknown(JsonFields config, double theta) {
        for (String key : config.keys()) {
            boolean marked = MARKS.stream().anyMatch(key::contains);
            if (marked && !KNOWN.contains(key) && !config.isNeutral(key) && !isTheta(config, key, theta)) {
                throw config.unknown(key, "rope_theta, rope_scaling and rope_parameters are");
            }
        }
    }

    private static boolean isTheta(JsonFields config, String key, double theta) {
        return key.contains("base") && config.isNumber(key) && config.requireDouble(key) == theta;
    }
}
