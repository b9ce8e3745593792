package io.caravan.formats;

import io.caravan.proto.model.RopeScaling;

/**
 * Rotary embedding as a configuration gives it: {@code rope_theta} and {@code rope_scaling}, or, in newer folders,
 * {@code rope_parameters} with both inside.
 */
record RopeConfig(double theta, RopeScaling scaling) {
    /** @param absentTheta what {@code rope_theta} is where it is not given */
    static RopeConfig read(JsonFields config, double absentTheta) {
        double theta = config.doubleOr("rope_theta", absentTheta);
        RopeScaling scaling = new RopeScaling.None();
        if (config.has("rope_scaling")) {
            scaling = scaling(config.requireObject("rope_scaling"));
        }
        if (config.has("rope_parameters")) {
            JsonFields parameters = parameters(config);
            RopeScaling newer = scaling(parameters);
            double newerTheta = parameters.doubleOr("rope_theta", theta);
            boolean contradicts = config.has("rope_scaling") && !newer.equals(scaling)
                    || config.has("rope_theta") && newerTheta != theta;
            if (contradicts) {
                throw new ModelFormatException(config.file()
                        + ": rope_parameters contradicts rope_theta or rope_scaling; keep one of the two forms");
            }
            return new RopeConfig(newerTheta, newer);
        }
        return new RopeConfig(theta, scaling);
    }

    /** Parameters may be given by kind of attention; these models have only the full one. */
    private static JsonFields parameters(JsonFields config) {
        JsonFields parameters = config.requireObject("rope_parameters");
        if (parameters.has("sliding_attention")) {
            throw new ModelFormatException(config.file()
                    + ": rope_parameters.sliding_attention is not supported; models with full attention are");
        }
        return parameters.has("full_attention") ? parameters.requireObject("full_attention") : parameters;
    }

    private static RopeScaling scaling(JsonFields rope) {
        if (rope.doubleOr("partial_rotary_factor", 1) != 1) {
            throw new ModelFormatException(rope.file() + ": " + rope.prefix()
                    + "partial_rotary_factor other than 1 is not supported; rotation of whole heads is");
        }
        String type = rope.textOr("rope_type", rope.textOr("type", "default"));
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(rope.requireDouble("factor"));
            case "llama3" ->
                new RopeScaling.Llama3(
                        rope.requireDouble("factor"),
                        rope.requireDouble("low_freq_factor"),
                        rope.requireDouble("high_freq_factor"),
                        rope.requireInt("original_max_position_embeddings"));
            default ->
                throw new ModelFormatException(
                        rope.file() + ": rope type " + type + " is not supported; default, linear and llama3 are");
        };
    }
}
