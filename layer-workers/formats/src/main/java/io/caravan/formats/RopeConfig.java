package io.caravan.formats;

import io.caravan.proto.model.RopeScaling;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Rotary embedding as a configuration gives it: {@code rope_scaling} in older folders, {@code rope_parameters} in newer ones,
 * or both where they say the same; the base {@code rope_theta} inside or beside them. What transformers would use is used,
 * and what it would pass over in silence is refused, since a file that says it means other angles.
 */
record RopeConfig(double theta, RopeScaling scaling) {
    private static final String THETA = "rope_theta";
    private static final List<String> FORMS = List.of("rope_scaling", "rope_parameters");

    /** Parameters may be given by kind of attention; these models have the same for both. */
    private static final Set<String> ATTENTION_KINDS = Set.of("full_attention", "sliding_attention");

    /**
     * Reads what {@code config} says.
     *
     * @param absentTheta the base where none is given
     * @param declaredPositions {@code max_position_embeddings}
     */
    static RopeConfig read(JsonFields config, double absentTheta, int declaredPositions) {
        List<JsonFields> forms = forms(config);
        double theta = theta(config, forms, absentTheta);
        RotaryFields.refuseUnknown(config, theta);
        List<RopeScaling> scalings = forms.stream()
                .map(form -> new RopeScalingConfig(config, form, declaredPositions).read())
                .distinct()
                .toList();
        if (scalings.size() > 1) {
            throw new ModelFormatException(config.file() + ": " + named(forms) + " contradict each other; keep one");
        }
        return new RopeConfig(theta, scalings.isEmpty() ? new RopeScaling.None() : scalings.getFirst());
    }

    private static List<JsonFields> forms(JsonFields config) {
        var forms = new ArrayList<JsonFields>();
        for (String key : FORMS) {
            if (config.has(key)) {
                JsonFields form = config.requireObject(key);
                List<String> nested =
                        form.keys().stream().filter(form::isObject).toList();
                if (nested.isEmpty()) {
                    forms.add(form);
                }
                for (String kind : nested) {
                    if (!ATTENTION_KINDS.contains(kind)) {
                        throw form.unknown(kind, "parameters of full_attention and sliding_attention are");
                    }
                    forms.add(form.requireObject(kind));
                }
            }
        }
        return forms;
    }

    private static double theta(JsonFields config, List<JsonFields> forms, double absent) {
        var places = new ArrayList<>(forms);
        places.add(config);
        var thetas = new TreeSet<Double>();
        for (JsonFields place : places) {
            if (place.has(THETA)) {
                thetas.add(place.requireDouble(THETA));
            }
        }
        if (thetas.size() > 1) {
            throw new ModelFormatException(
                    config.file() + ": " + THETA + " is given as " + thetas + " in different places; keep one");
        }
        return thetas.isEmpty() ? absent : thetas.getFirst();
    }

    private static String named(List<JsonFields> forms) {
        return String.join(
                " and ",
                forms.stream().map(form -> form.prefix().replaceAll("\\.$", "")).toList());
    }
}
