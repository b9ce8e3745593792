package io.caravan.formats;

import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.RopeScaling.Yarn;
import java.util.List;
import java.util.Set;

/** One object of parameters of rotary embedding: the type, and what belongs to it. */
final class RopeScalingConfig {
    private static final String ORIGINAL = "original_max_position_embeddings";
    private static final String FACTOR = "factor";
    private static final String MSCALE = "mscale";
    private static final String MSCALE_ALL = "mscale_all_dim";

    /** Of every type; {@code finetuned} says how the model was made. */
    private static final Set<String> COMMON =
            Set.of("rope_type", "type", "rope_theta", "partial_rotary_factor", "finetuned", ORIGINAL);

    private final JsonFields config;
    private final JsonFields rope;
    private final int declaredPositions;

    RopeScalingConfig(JsonFields config, JsonFields rope, int declaredPositions) {
        this.config = config;
        this.rope = rope;
        this.declaredPositions = declaredPositions;
    }

    RopeScaling read() {
        if (rope.doubleOr("partial_rotary_factor", 1) != 1) {
            throw rope.unknown("partial_rotary_factor other than 1", "rotation of whole heads is");
        }
        String type = type();
        return switch (type) {
            case "default" -> {
                refuseOthers(type, List.of());
                yield new RopeScaling.None();
            }
            case "linear" -> {
                refuseOthers(type, List.of(FACTOR));
                yield new RopeScaling.Linear(rope.requireDouble(FACTOR));
            }
            case "llama3" -> {
                refuseOthers(type, List.of(FACTOR, "low_freq_factor", "high_freq_factor"));
                yield new RopeScaling.Llama3(
                        rope.requireDouble(FACTOR),
                        rope.requireDouble("low_freq_factor"),
                        rope.requireDouble("high_freq_factor"),
                        originalPositions());
            }
            case "yarn" -> yarn();
            case "dynamic" -> dynamic();
            default ->
                throw new ModelFormatException(rope.file() + ": rope type " + type
                        + " is not supported; default, linear, llama3, yarn and dynamic are");
        };
    }

    private String type() {
        String type = rope.textOr("rope_type", rope.textOr("type", "default"));
        if (!rope.textOr("type", type).equals(type)) {
            throw new ModelFormatException(rope.file() + ": " + rope.prefix() + "rope_type " + type + " and type "
                    + rope.requireText("type") + " contradict each other; keep one");
        }
        return type;
    }

    private Yarn yarn() {
        refuseOthers(
                "yarn", List.of(FACTOR, "attention_factor", "beta_fast", "beta_slow", MSCALE, MSCALE_ALL, "truncate"));
        int original = originalPositions();
        double factor = rope.isNull(FACTOR) ? (double) declaredPositions / original : rope.requireDouble(FACTOR);
        return new Yarn(
                factor,
                original,
                rope.doubleOr("attention_factor", usualAttentionFactor(factor)),
                positiveOr("beta_fast", Yarn.BETA_FAST),
                positiveOr("beta_slow", Yarn.BETA_SLOW),
                rope.booleanOr("truncate", true));
    }

    /** Transformers looks at one mscale only where both are given. */
    private double usualAttentionFactor(double factor) {
        double mscale = rope.doubleOr(MSCALE, 0);
        double mscaleOfAll = rope.doubleOr(MSCALE_ALL, 0);
        return mscale == 0 || mscaleOfAll == 0
                ? Yarn.attentionFactor(factor, 1)
                : Yarn.attentionFactor(factor, mscale) / Yarn.attentionFactor(factor, mscaleOfAll);
    }

    /** Zero counts as absent, as in transformers. */
    private double positiveOr(String key, double absent) {
        double value = rope.doubleOr(key, absent);
        return value == 0 ? absent : value;
    }

    /** The declared context is the original one; transformers would pass over another that is given. */
    private RopeScaling dynamic() {
        refuseOthers("dynamic", List.of(FACTOR));
        if (originalPositions() != declaredPositions) {
            throw rope.unknown(
                    ORIGINAL + " of a dynamic type other than max_position_embeddings, which is " + declaredPositions,
                    "the same is");
        }
        return new RopeScaling.Dynamic(rope.requireDouble(FACTOR), declaredPositions);
    }

    /** The context that the model was first trained on, which may stand inside, beside, or be the declared one. */
    private int originalPositions() {
        int beside = config.intOr(ORIGINAL, rope.intOr(ORIGINAL, declaredPositions));
        if (rope.intOr(ORIGINAL, beside) != beside) {
            throw new ModelFormatException(rope.file() + ": " + ORIGINAL + " " + beside + " and " + rope.prefix()
                    + ORIGINAL + " " + rope.requireInt(ORIGINAL) + " contradict each other; keep one");
        }
        return beside;
    }

    private void refuseOthers(String type, List<String> known) {
        for (String key : rope.keys()) {
            if (!COMMON.contains(key) && !known.contains(key) && !rope.isNeutral(key)) {
                throw rope.unknown(
                        key + " of rope type " + type, known.isEmpty() ? "none beside rope_theta is" : known + " are");
            }
        }
    }
}
