package io.caravan.gateway.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The fields of a JSON object, read one by one so that each error names its field. {@code null} counts as absent; what
 * nobody asks for is ignored.
 */
public final class JsonFields {
    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final JsonNode node;
    private final String path;

    private JsonFields(JsonNode node, String path) {
        this.node = node;
        this.path = path;
    }

    /**
     * A body's fields.
     *
     * @throws ApiException 400 that says where the JSON is malformed
     */
    static JsonFields parse(byte[] body) {
        try {
            JsonNode root = MAPPER.readTree(body);
            if (!root.isObject()) {
                throw ApiException.invalid("", "the body must be a JSON object, not " + kind(root));
            }
            return new JsonFields(root, "");
        } catch (JsonProcessingException e) {
            // nesting that is too deep has no place
            var at = e.getLocation();
            String where = at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ";
            throw ApiException.invalid(
                    "", "the body is not valid JSON: " + where + Outside.echo(e.getOriginalMessage()));
        } catch (IOException e) {
            throw ApiException.invalid("", "the body cannot be read: " + Outside.echo(e.getMessage()));
        }
    }

    /** Whether the field is there and not null. */
    public boolean has(String name) {
        return node.hasNonNull(name);
    }

    /** The field as it is; a missing node where it is absent. */
    public JsonNode raw(String name) {
        return node.path(name);
    }

    /** Full name of a field, as errors tell it. */
    public String nameOf(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    public String text(String name, String otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        if (!raw(name).isTextual()) {
            throw wrongType(name, "a string", raw(name));
        }
        return raw(name).textValue();
    }

    /** The text of a field that has to be there. */
    public String text(String name) {
        require(name);
        return text(name, "");
    }

    public boolean flag(String name, boolean otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        if (!raw(name).isBoolean()) {
            throw wrongType(name, "true or false", raw(name));
        }
        return raw(name).booleanValue();
    }

    /** A whole number from {@code least} to {@code most}. */
    public long whole(String name, long otherwise, long least, long most) {
        return has(name) ? whole(nameOf(name), raw(name), least, most) : otherwise;
    }

    public float number(String name, float otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        if (!raw(name).isNumber()) {
            throw wrongType(name, "a number", raw(name));
        }
        return raw(name).floatValue();
    }

    /** An object; an empty one where the field is absent. */
    public JsonFields object(String name) {
        if (!has(name)) {
            return new JsonFields(JsonNodeFactory.instance.objectNode(), nameOf(name));
        }
        if (!raw(name).isObject()) {
            throw wrongType(name, "an object", raw(name));
        }
        return new JsonFields(raw(name), nameOf(name));
    }

    /** Objects of an array. */
    public List<JsonFields> objects(String name) {
        List<JsonFields> objects = new ArrayList<>();
        for (JsonNode each : array(name)) {
            String where = nameOf(name) + "[" + objects.size() + "]";
            if (!each.isObject()) {
                throw wrongTypeAt(where, "an object", each);
            }
            objects.add(new JsonFields(each, where));
        }
        return objects;
    }

    /** An array; an empty one where the field is absent. */
    public JsonNode array(String name) {
        if (!has(name)) {
            return JsonNodeFactory.instance.arrayNode();
        }
        if (!raw(name).isArray()) {
            throw wrongType(name, "an array", raw(name));
        }
        return raw(name);
    }

    /** Whole numbers of an array. */
    public static int[] wholes(String where, JsonNode array, long least, long most) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (int) whole(where + "[" + i + "]", array.get(i), least, most);
        }
        return values;
    }

    /** Refuses a request without the field. */
    public void require(String name) {
        if (!has(name)) {
            throw ApiException.invalid(nameOf(name), nameOf(name) + " is missing");
        }
    }

    /** A 400 about a value of another type. */
    public ApiException wrongType(String name, String wanted, JsonNode found) {
        return wrongTypeAt(nameOf(name), wanted, found);
    }

    /** A 400 about a value of another type at {@code where}. */
    public static ApiException wrongTypeAt(String where, String wanted, JsonNode found) {
        return ApiException.invalid(where, where + " must be " + wanted + ", not " + kind(found));
    }

    private static long whole(String where, JsonNode value, long least, long most) {
        if (!value.isNumber()) {
            throw wrongTypeAt(where, "a whole number", value);
        }
        if (!value.canConvertToExactIntegral() || !value.canConvertToLong()) {
            throw ApiException.invalid(where, where + " must be a whole number, not " + Outside.echo(value.toString()));
        }
        if (value.longValue() < least || value.longValue() > most) {
            throw ApiException.invalid(
                    where, where + " must be between " + least + " and " + most + ", not " + value.longValue());
        }
        return value.longValue();
    }

    private static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case STRING -> "a string";
            case NUMBER -> "a number";
            case BOOLEAN -> "a boolean";
            case ARRAY -> "an array";
            case OBJECT, POJO -> "an object";
            case NULL -> "null";
            case MISSING, BINARY -> "nothing";
        };
    }
}
