package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * A file's metadata, whose values are read with the type that is expected of them; anything else is refused with the file,
 * the key and what would be right. Integers of any width stand for each other, as writers differ.
 */
public final class GgufFields {
    private final String file;
    private final Map<String, GgufValue> values;

    GgufFields(String file, Map<String, GgufValue> values) {
        this.file = file;
        this.values = Collections.unmodifiableMap(values);
    }

    String file() {
        return file;
    }

    Map<String, GgufValue> values() {
        return values;
    }

    public boolean has(String key) {
        return values.containsKey(key);
    }

    public String textOr(String key, String absent) {
        return has(key) ? requireText(key) : absent;
    }

    public String requireText(String key) {
        return scalar(key, "a text", values.containsKey(key) && values.get(key).type() == ValueType.STRING)
                .texts()
                .getFirst();
    }

    public boolean booleanOr(String key, boolean absent) {
        return has(key)
                ? scalar(key, "true or false", values.get(key).type() == ValueType.BOOL)
                                .integer(0)
                        != 0
                : absent;
    }

    public int intOr(String key, int absent) {
        return has(key) ? requireInt(key) : absent;
    }

    public int requireInt(String key) {
        return asInt(key, scalar(key, "an integer", has(key) && values.get(key).isInteger()), 0);
    }

    public double doubleOr(String key, double absent) {
        if (!has(key)) {
            return absent;
        }
        double number = scalar(key, "a number", values.get(key).isNumber()).number(0);
        if (!Double.isFinite(number)) {
            throw wrong(key, "a finite number");
        }
        return number;
    }

    /** A number for the whole model, which may be written once for each layer where all are equal. */
    int uniformInt(String key) {
        if (!has(key) || !values.get(key).array()) {
            return requireInt(key);
        }
        GgufValue value = values.get(key);
        for (long i = 0; i < value.count(); i++) {
            if (!value.isInteger() || value.integer(i) != value.integer(0)) {
                throw wrong(key, "the same integer for every layer");
            }
        }
        if (value.count() == 0) {
            throw wrong(key, "an integer");
        }
        return asInt(key, value, 0);
    }

    public List<String> texts(String key) {
        return array(key, "a list of texts", has(key) && values.get(key).type() == ValueType.STRING)
                .texts();
    }

    public int[] ints(String key) {
        GgufValue value =
                array(key, "a list of integers", has(key) && values.get(key).isInteger());
        var ints = new int[Math.toIntExact(value.count())];
        for (int i = 0; i < ints.length; i++) {
            ints[i] = asInt(key, value, i);
        }
        return ints;
    }

    public float[] floats(String key) {
        GgufValue value =
                array(key, "a list of numbers", has(key) && values.get(key).isNumber());
        var floats = new float[Math.toIntExact(value.count())];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) value.number(i);
        }
        return floats;
    }

    private int asInt(String key, GgufValue value, int index) {
        long integer = value.integer(index);
        if (integer != (int) integer) {
            throw wrong(key, "an integer below 2^31");
        }
        return (int) integer;
    }

    private GgufValue scalar(String key, String expected, boolean right) {
        if (!right || values.get(key).array()) {
            throw wrong(key, expected);
        }
        return values.get(key);
    }

    private GgufValue array(String key, String expected, boolean right) {
        if (!right || !values.get(key).array()) {
            throw wrong(key, expected);
        }
        return values.get(key);
    }

    private ModelFormatException wrong(String key, String expected) {
        return new ModelFormatException(
                has(key)
                        ? file + ": metadata " + key + " must be " + expected
                        : file + " lacks the metadata " + key + ", which must be " + expected);
    }
}
