package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Shapes of models by the names that people use for them, or by their dimensions. */
public final class ModelShape {
    private static final Set<String> REQUIRED = Set.of("dim", "layers", "heads", "ffn", "vocab");
    private static final List<String> KEYS =
            List.of("dim", "layers", "heads", "kv", "head", "ffn", "vocab", "context", "theta", "tied");

    private static final Map<String, ModelSpec> NAMED = named();

    private ModelShape() {}

    /** The names that {@link #named(String)} knows. */
    public static List<String> names() {
        return List.copyOf(NAMED.keySet());
    }

    /**
     * A published shape, stored as BF16.
     *
     * @throws IllegalArgumentException when there is none of that name; the message lists them
     */
    public static ModelSpec named(String name) {
        ModelSpec spec = NAMED.get(name.toLowerCase(Locale.ROOT));
        if (spec == null) {
            throw new IllegalArgumentException("no model shape is called \"" + name + "\"; there are "
                    + String.join(", ", NAMED.keySet())
                    + ", and dimensions such as dim=256,layers=4,heads=8,kv=4,ffn=688,vocab=1000,context=512");
        }
        return spec;
    }

    /**
     * A shape by name, or by dimensions: {@code dim}, {@code layers}, {@code heads}, {@code ffn} and {@code vocab} are
     * needed; {@code kv} (key and value heads, as many as heads), {@code head} (one head's width, dim / heads),
     * {@code context} (2048), {@code theta} (10000) and {@code tied} (0) may be left out.
     *
     * @throws IllegalArgumentException when {@code text} is neither; says what is wrong with it
     */
    public static ModelSpec parse(String text, TensorType type) {
        return (text.contains("=") ? fromDimensions(text) : named(text)).withWeightType(type);
    }

    private static ModelSpec fromDimensions(String text) {
        var given = new LinkedHashMap<String, Integer>();
        for (String part : text.split(",")) {
            String[] pair = part.strip().split("=", 2);
            if (pair.length != 2 || !KEYS.contains(pair[0]) || !pair[1].matches("\\d{1,9}")) {
                throw new IllegalArgumentException(
                        "\"" + part.strip() + "\" is not KEY=NUMBER with a KEY of " + String.join(", ", KEYS));
            }
            if (given.put(pair[0], Integer.valueOf(pair[1])) != null) {
                throw new IllegalArgumentException(pair[0] + " is given twice in " + text);
            }
        }
        for (String key : KEYS) {
            if (REQUIRED.contains(key) && !given.containsKey(key)) {
                throw new IllegalArgumentException(text + " lacks " + key + "=NUMBER");
            }
        }
        int dim = given.get("dim");
        int heads = given.get("heads");
        if (!given.containsKey("head") && (heads == 0 || dim % heads != 0)) {
            throw new IllegalArgumentException(
                    "dim (" + dim + ") must be a multiple of heads (" + heads + "), or head=NUMBER given");
        }
        int headDim = given.containsKey("head") ? given.get("head") : dim / heads;
        return new ModelSpec(
                "random",
                dim,
                given.get("ffn"),
                given.get("layers"),
                heads,
                given.getOrDefault("kv", heads),
                headDim,
                given.get("vocab"),
                given.getOrDefault("context", 2048),
                1e-5f,
                given.getOrDefault("theta", 10000),
                new RopeScaling.None(),
                given.getOrDefault("tied", 0) != 0,
                TokenIds.of(2),
                TensorType.BF16);
    }

    private static Map<String, ModelSpec> named() {
        var shapes = new LinkedHashMap<String, ModelSpec>();
        shapes.put("tiny", shape("tiny", 64, 176, 4, 4, 2, 256, 256, 1e-5f, 10000));
        shapes.put("1b", shape("1b", 2048, 5632, 22, 32, 4, 32000, 2048, 1e-5f, 10000));
        shapes.put("7b", shape("7b", 4096, 11008, 32, 32, 32, 32000, 2048, 1e-6f, 10000));
        shapes.put("13b", shape("13b", 5120, 13824, 40, 40, 40, 32000, 2048, 1e-6f, 10000));
        shapes.put("33b", shape("33b", 6656, 17920, 60, 52, 52, 32000, 2048, 1e-6f, 10000));
        shapes.put("65b", shape("65b", 8192, 22016, 80, 64, 64, 32000, 2048, 1e-5f, 10000));
        shapes.put("llama3-8b", shape("llama3-8b", 4096, 14336, 32, 32, 8, 128256, 8192, 1e-5f, 500000));
        return shapes;
    }

    private static ModelSpec shape(
            String name,
            int hidden,
            int feedForward,
            int layers,
            int heads,
            int kvHeads,
            int vocabulary,
            int context,
            float eps,
            double theta) {
        return new ModelSpec(
                name,
                hidden,
                feedForward,
                layers,
                heads,
                kvHeads,
                hidden / heads,
                vocabulary,
                context,
                eps,
                theta,
                new RopeScaling.None(),
                false,
                TokenIds.of(2),
                TensorType.BF16);
    }
}
