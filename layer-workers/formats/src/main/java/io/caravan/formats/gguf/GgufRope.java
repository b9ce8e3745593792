package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.RopeScaling.Yarn;
import java.util.Map;

/** Rotary scaling as metadata has it, with the arithmetic that llama.cpp gives it. */
final class GgufRope {
    private static final String TYPE = "rope.scaling.type";
    private static final String FACTOR = "rope.scaling.factor";
    private static final String LEGACY_FACTOR = "rope.scale_linear";
    private static final String ORIGINAL_CONTEXT = "rope.scaling.original_context_length";

    /** Beside what follows from the factor. */
    private static final String ATTENTION_FACTOR = "rope.scaling.attn_factor";

    private static final String BETA_FAST = "rope.scaling.yarn_beta_fast";
    private static final String BETA_SLOW = "rope.scaling.yarn_beta_slow";

    /** What other architectures read, and the values that change nothing. */
    private static final Map<String, Double> OTHER_ARITHMETIC = Map.of(
            "rope.scaling.yarn_ext_factor", 1.0,
            "rope.scaling.yarn_attn_factor", 1.0,
            "rope.scaling.yarn_log_multiplier", 0.0,
            "rope.scaling.alpha", 1.0);

    private final GgufFields fields;
    private final String prefix;

    /** @param prefix of the architecture's keys */
    GgufRope(GgufFields fields, String prefix) {
        this.fields = fields;
        this.prefix = prefix;
    }

    /**
     * What the file says.
     *
     * @param factors divisors of the frequencies; none where the file has no such tensor
     */
    RopeScaling scaling(float[] factors, int headDim, double theta, int contextLength) {
        OTHER_ARITHMETIC.forEach((key, harmless) -> {
            if (fields.doubleOr(prefix + key, harmless) != harmless) {
                throw unsupported(prefix + key, harmless + " is");
            }
        });
        RopeScaling scaling = byType(contextLength);
        if (factors.length == 0) {
            return scaling;
        }
        if (!(scaling instanceof RopeScaling.None) || factors.length != headDim / 2) {
            throw unsupported(
                    factors.length + " rotary factors"
                            + (scaling instanceof RopeScaling.None ? "" : " beside a scaling of their own kind"),
                    headDim / 2 + " of them, half the length of a head, are");
        }
        return RopeFactors.scaling(factors, theta);
    }

    private RopeScaling byType(int contextLength) {
        double stored = fields.doubleOr(prefix + FACTOR, fields.doubleOr(prefix + LEGACY_FACTOR, 1));
        double factor = stored == 0 ? 1 : stored;
        String type = fields.textOr(prefix + TYPE, "linear");
        if (type.equals("yarn")) {
            return yarn(factor, contextLength);
        }
        if (fields.doubleOr(prefix + ATTENTION_FACTOR, 1) != 1) {
            throw unsupported(prefix + ATTENTION_FACTOR + " of type " + type, "yarn has one");
        }
        return switch (type) {
            case "none" -> new RopeScaling.None();
            case "linear" -> factor == 1 ? new RopeScaling.None() : new RopeScaling.Linear(factor);
            default -> throw unsupported(prefix + TYPE + " " + type, "none, linear and yarn are, and stored factors");
        };
    }

    private Yarn yarn(double factor, int contextLength) {
        return new Yarn(
                factor,
                fields.intOr(prefix + ORIGINAL_CONTEXT, contextLength),
                Yarn.attentionFactor(factor, 1) * fields.doubleOr(prefix + ATTENTION_FACTOR, 1),
                fields.doubleOr(prefix + BETA_FAST, Yarn.BETA_FAST),
                fields.doubleOr(prefix + BETA_SLOW, Yarn.BETA_SLOW),
                true);
    }

    /**
     * Writes {@code scaling}, but for stored factors.
     *
     * @throws IllegalArgumentException when readers of the format would compute otherwise
     */
    static void put(GgufMetadata metadata, String prefix, RopeScaling scaling) {
        if (scaling instanceof RopeScaling.Linear linear) {
            metadata.put(prefix + TYPE, "linear");
            metadata.put(prefix + FACTOR, (float) linear.factor());
        }
        if (scaling instanceof Yarn yarn) {
            if (yarn.betaFast() != Yarn.BETA_FAST || yarn.betaSlow() != Yarn.BETA_SLOW || !yarn.truncate()) {
                throw new IllegalArgumentException(
                        "GGUF has no place for other limits of yarn's blend than the usual: " + yarn);
            }
            metadata.put(prefix + TYPE, "yarn");
            metadata.put(prefix + FACTOR, (float) yarn.factor());
            metadata.put(prefix + ORIGINAL_CONTEXT, yarn.originalMaxPositions());
            double beside = yarn.attentionFactor() / Yarn.attentionFactor(yarn.factor(), 1);
            if (beside != 1) {
                metadata.put(prefix + ATTENTION_FACTOR, (float) beside);
            }
        }
    }

    private ModelFormatException unsupported(String what, String instead) {
        return new ModelFormatException(fields.file() + ": " + what + " is not supported; " + instead);
    }
}
