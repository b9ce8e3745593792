package io.caravan.formats;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A JSON object whose fields are read with the type that is expected of them; anything else is refused with the file, the
 * key, what was found and what would be right. A {@code null} counts as absent, as Hugging Face's configurations mean it.
 */
record JsonFields(String file, String prefix, JsonNode node) {
    /** Largest configuration or index file that is read into memory. */
    static final long MAX_FILE_BYTES = 32L << 20;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static JsonFields read(Path path) {
        try {
            long size = Files.size(path);
            if (size > MAX_FILE_BYTES) {
                throw new ModelFormatException(path + " has " + size + " bytes; at most " + MAX_FILE_BYTES
                        + " are expected of such a JSON file");
            }
            return parse(path.toString(), Files.readAllBytes(path));
        } catch (IOException e) {
            throw new ModelFormatException("cannot read " + path + ": " + e, e);
        }
    }

    static JsonFields parse(String file, byte[] bytes) {
        try {
            JsonNode root = MAPPER.readTree(bytes);
            if (root == null || !root.isObject()) {
                throw new ModelFormatException(file + " must hold a JSON object, not " + describe(root));
            }
            return new JsonFields(file, "", root);
        } catch (JsonProcessingException e) {
            throw new ModelFormatException(file + " is not valid JSON: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ModelFormatException(file + " is not readable as JSON: " + e.getMessage(), e);
        }
    }

    /** The JSON text of maps, lists, numbers and strings. */
    static byte[] encode(Map<String, ?> object) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(object);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not encodable as JSON", e);
        }
    }

    /** The JSON text of this object with the text {@code value} as {@code key}, and without {@code synonym}. */
    byte[] with(String key, String synonym, String value) {
        ObjectNode copy = node.deepCopy();
        copy.remove(synonym);
        return copy.put(key, value).toPrettyString().getBytes(StandardCharsets.UTF_8);
    }

    List<String> keys() {
        var keys = new ArrayList<String>();
        node.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** Whether the key is written with the value {@code null}. */
    boolean isNull(String key) {
        return node.has(key) && node.get(key).isNull();
    }

    boolean isText(String key) {
        return node.path(key).isTextual();
    }

    boolean isObject(String key) {
        return node.path(key).isObject();
    }

    boolean isNumber(String key) {
        return node.path(key).isNumber();
    }

    /** Whether the value, of a field that multiplies or switches something on, is one that changes nothing. */
    boolean isNeutral(String key) {
        JsonNode value = node.path(key);
        return !has(key) || value.isNumber() && value.doubleValue() == 1 || value.isBoolean() && !value.booleanValue();
    }

    boolean isZero(String key) {
        return isNumber(key) && node.get(key).doubleValue() == 0;
    }

    int intOr(String key, int absent) {
        return has(key) ? asInt(key, node.get(key)) : absent;
    }

    double doubleOr(String key, double absent) {
        return has(key) ? requireDouble(key) : absent;
    }

    double requireDouble(String key) {
        JsonNode value = require(key, "a number");
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrong(key, "a finite number", value);
        }
        return value.doubleValue();
    }

    int requireInt(String key) {
        return asInt(key, require(key, "an integer"));
    }

    boolean booleanOr(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        if (!node.get(key).isBoolean()) {
            throw wrong(key, "true or false", node.get(key));
        }
        return node.get(key).booleanValue();
    }

    String textOr(String key, String absent) {
        return has(key) ? requireText(key) : absent;
    }

    String requireText(String key) {
        JsonNode value = require(key, "a string");
        if (!value.isTextual()) {
            throw wrong(key, "a string", value);
        }
        return value.textValue();
    }

    JsonFields requireObject(String key) {
        JsonNode value = require(key, "an object");
        if (!value.isObject()) {
            throw wrong(key, "an object", value);
        }
        return new JsonFields(file, prefix + key + ".", value);
    }

    List<String> texts(String key) {
        var texts = new ArrayList<String>();
        for (JsonNode each : requireArray(key, "a list of strings")) {
            if (!each.isTextual()) {
                throw wrong(key, "a list of strings", node.get(key));
            }
            texts.add(each.textValue());
        }
        return texts;
    }

    /** A list of integers that are at least 0. */
    List<Long> sizes(String key) {
        String expected = "a list of integers that are at least 0";
        var sizes = new ArrayList<Long>();
        for (JsonNode each : requireArray(key, expected)) {
            if (!each.isIntegralNumber() || !each.canConvertToLong() || each.longValue() < 0) {
                throw wrong(key, expected, node.get(key));
            }
            sizes.add(each.longValue());
        }
        return sizes;
    }

    /** One token id or a list of them; texts among them, which name tokens too, are for who reads the tokenizer. */
    List<Integer> tokenIds(String key) {
        JsonNode value = require(key, "a token id or a list of them");
        var ids = new ArrayList<Integer>();
        for (JsonNode each : value.isArray() ? value : List.of(value)) {
            if (!each.isTextual() && !each.isObject()) {
                ids.add(asInt(key, each));
            }
        }
        return ids;
    }

    ModelFormatException wrong(String key, String expected) {
        return wrong(key, expected, node.path(key));
    }

    /** Says that {@code what}, found here, is not supported, and what is {@code instead}. */
    ModelFormatException unknown(String what, String instead) {
        return new ModelFormatException(file + ": " + prefix + what + " is not supported; " + instead);
    }

    private JsonNode requireArray(String key, String expected) {
        JsonNode value = require(key, expected);
        if (!value.isArray()) {
            throw wrong(key, expected, value);
        }
        return value;
    }

    private JsonNode require(String key, String expected) {
        if (!has(key)) {
            throw new ModelFormatException(file + " lacks \"" + prefix + key + "\", which must be " + expected);
        }
        return node.get(key);
    }

    private int asInt(String key, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw wrong(key, "an integer below 2^31", value);
        }
        return value.intValue();
    }

    private ModelFormatException wrong(String key, String expected, JsonNode found) {
        return new ModelFormatException(
                file + ": \"" + prefix + key + "\" must be " + expected + ", not " + describe(found));
    }

    private static String describe(JsonNode value) {
        if (value == null || value.isMissingNode()) {
            return "nothing";
        }
        String text = value.toString();
        return text.length() <= 120 ? text : text.substring(0, 120) + "…";
    }
}
