package io.caravan.gateway.tokenizer;

import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import com.hubspot.jinjava.objects.collections.PyList;
import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import jinjava.javax.el.CompositeELResolver;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;

/**
 * Python's methods on strings and maps for chat templates, which Jinjava would look for among Java's. Only the methods
 * named here can be called on them; a template cannot reach into the process.
 */
final class PythonMethods extends ELResolver {
    private static final Pattern WHITE_SPACE = Pattern.compile("\\s+");

    private PythonMethods() {}

    /** Resolves Python's methods first and all else as Jinjava does. */
    static ELResolver resolver() {
        var all = new CompositeELResolver();
        all.add(new PythonMethods());
        all.add(JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY);
        return all;
    }

    @Override
    public Object invoke(ELContext context, Object base, Object method, Class<?>[] types, Object[] arguments) {
        if (base == null) {
            return null;
        }
        Object result = switch (base) {
            case String text -> ofString(text, String.valueOf(method), arguments);
            case Map<?, ?> map -> ofMap(map, String.valueOf(method), arguments);
            default -> NOT_MINE;
        };
        if (result == NOT_MINE) {
            return null;
        }
        context.setPropertyResolved(true);
        return result;
    }

    private static final Object NOT_MINE = new Object();

    private static Object ofString(String text, String method, Object[] arguments) {
        return switch (method) {
            case "startswith" -> text.startsWith(string(arguments, 0));
            case "endswith" -> text.endsWith(string(arguments, 0));
            case "strip" -> strip(text, strings(arguments), true, true);
            case "lstrip" -> strip(text, strings(arguments), true, false);
            case "rstrip" -> strip(text, strings(arguments), false, true);
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "title" -> title(text);
            case "capitalize" ->
                text.isEmpty()
                        ? text
                        : text.substring(0, 1).toUpperCase(Locale.ROOT)
                                + text.substring(1).toLowerCase(Locale.ROOT);
            case "replace" -> text.replace(string(arguments, 0), string(arguments, 1));
            case "split" -> split(text, arguments);
            case "splitlines" -> list(new ArrayList<Object>(text.lines().toList()));
            case "join" -> join(text, arguments);
            case "find" -> (long) text.indexOf(string(arguments, 0));
            case "count" -> (long) text.split(Pattern.quote(string(arguments, 0)), -1).length - 1;
            case "removeprefix" ->
                text.startsWith(string(arguments, 0))
                        ? text.substring(string(arguments, 0).length())
                        : text;
            case "removesuffix" ->
                text.endsWith(string(arguments, 0))
                        ? text.substring(0, text.length() - string(arguments, 0).length())
                        : text;
            case "isdigit" -> !text.isEmpty() && text.chars().allMatch(Character::isDigit);
            default ->
                throw new ChatTemplateException(
                        "the chat template calls ." + method + "() on a string, which " + "is not supported");
        };
    }

    private static Object ofMap(Map<?, ?> map, String method, Object[] arguments) {
        return switch (method) {
            case "items" -> items(map);
            case "keys" -> list(new ArrayList<Object>(map.keySet()));
            case "values" -> list(new ArrayList<Object>(map.values()));
            case "get" -> {
                Object found = map.get(string(arguments, 0));
                yield found == null && arguments.length > 1 ? arguments[1] : found;
            }
            default -> NOT_MINE;
        };
    }

    /** Pairs of key and value, each a list of two. */
    static List<Object> items(Map<?, ?> map) {
        List<Object> pairs = new ArrayList<>();
        map.forEach((key, value) -> {
            List<Object> pair = new ArrayList<>();
            pair.add(key);
            pair.add(value);
            pairs.add(list(pair));
        });
        return list(pairs);
    }

    /** Python's strip: white space, or any of the characters of the first argument. */
    static String strip(String text, String[] arguments, boolean left, boolean right) {
        int from = 0;
        int to = text.length();
        String unwanted = arguments.length == 0 || arguments[0] == null ? "" : arguments[0];
        while (left && from < to && strippable(text.charAt(from), unwanted)) {
            from++;
        }
        while (right && to > from && strippable(text.charAt(to - 1), unwanted)) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean strippable(char c, String unwanted) {
        if (!unwanted.isEmpty()) {
            return unwanted.indexOf(c) >= 0;
        }
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }

    private static String title(String text) {
        var titled = new StringBuilder(text.length());
        boolean inWord = false;
        for (char c : text.toCharArray()) {
            titled.append(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
            inWord = Character.isLetter(c);
        }
        return titled.toString();
    }

    private static List<Object> split(String text, Object[] arguments) {
        int limit = arguments.length > 1 && arguments[1] instanceof Number most ? most.intValue() + 1 : -1;
        if (arguments.length == 0 || arguments[0] == null) {
            String trimmed = strip(text, new String[0], true, true);
            return trimmed.isEmpty() ? list(List.of()) : list(List.of((Object[]) WHITE_SPACE.split(trimmed, limit)));
        }
        return list(List.of((Object[]) text.split(Pattern.quote(string(arguments, 0)), limit)));
    }

    private static String join(String separator, Object[] arguments) {
        var joined = new StringBuilder();
        String between = "";
        Iterable<?> parts = arguments.length == 1 && arguments[0] instanceof Iterable<?> each ? each : List.of();
        for (Object part : parts) {
            joined.append(between).append(part);
            between = separator;
        }
        return joined.toString();
    }

    private static List<Object> list(List<Object> values) {
        return new PyList(new ArrayList<>(values));
    }

    private static String string(Object[] arguments, int index) {
        if (index >= arguments.length) {
            throw new ChatTemplateException("the chat template calls a method with too few arguments");
        }
        return String.valueOf(arguments[index]);
    }

    private static String[] strings(Object[] arguments) {
        String[] strings = new String[arguments.length];
        for (int i = 0; i < strings.length; i++) {
            strings[i] = arguments[i] == null ? null : arguments[i].toString();
        }
        return strings;
    }

    @Override
    public Object getValue(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public Class<?> getType(ELContext context, Object base, Object property) {
        return null;
    }

    @Override
    public void setValue(ELContext context, Object base, Object property, Object value) {}

    @Override
    public boolean isReadOnly(ELContext context, Object base, Object property) {
        return true;
    }

    @Override
    public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
        return Collections.emptyIterator();
    }

    @Override
    public Class<?> getCommonPropertyType(ELContext context, Object base) {
        return Object.class;
    }
}
