package io.caravan.gateway.tokenizer;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.AdvancedFilter;
import java.util.Iterator;
import java.util.Map;

/** {@code value | tojson(indent=…)}: JSON as Python's {@code json.dumps(ensure_ascii=False)} writes it. */
final class PythonJsonFilter implements AdvancedFilter {
    private static final int NO_INDENT = -1;

    @Override
    public String getName() {
        return "tojson";
    }

    @Override
    public Object filter(
            Object value, JinjavaInterpreter interpreter, Object[] arguments, Map<String, Object> namedArguments) {
        Object indent = namedArguments.getOrDefault("indent", NO_INDENT);
        var text = new StringBuilder();
        write(value, indent instanceof Number number ? number.intValue() : NO_INDENT, 1, text);
        return text.toString();
    }

    private static void write(Object value, int indent, int depth, StringBuilder text) {
        switch (value) {
            case null -> text.append("null");
            case Map<?, ?> map -> writeMap(map, indent, depth, text);
            case Iterable<?> list -> writeList(list, indent, depth, text);
            case Number number -> text.append(number);
            case Boolean flag -> text.append(flag);
            default -> writeString(value.toString(), text);
        }
    }

    private static void writeMap(Map<?, ?> map, int indent, int depth, StringBuilder text) {
        if (map.isEmpty()) {
            text.append("{}");
            return;
        }
        text.append('{');
        String between = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            text.append(between);
            line(indent, depth, text);
            writeString(String.valueOf(entry.getKey()), text);
            text.append(": ");
            write(entry.getValue(), indent, depth + 1, text);
            between = indent < 0 ? ", " : ",";
        }
        line(indent, depth - 1, text);
        text.append('}');
    }

    private static void writeList(Iterable<?> list, int indent, int depth, StringBuilder text) {
        Iterator<?> each = list.iterator();
        if (!each.hasNext()) {
            text.append("[]");
            return;
        }
        text.append('[');
        while (each.hasNext()) {
            line(indent, depth, text);
            write(each.next(), indent, depth + 1, text);
            if (each.hasNext()) {
                text.append(indent < 0 ? ", " : ",");
            }
        }
        line(indent, depth - 1, text);
        text.append(']');
    }

    private static void line(int indent, int depth, StringBuilder text) {
        if (indent >= 0) {
            text.append('\n').repeat(' ', indent * depth);
        }
    }

    private static void writeString(String value, StringBuilder text) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\b' -> text.append("\\b");
                case '\f' -> text.append("\\f");
                default -> {
                    if (c < ' ') {
                        text.append("\\u%04x".formatted((int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
