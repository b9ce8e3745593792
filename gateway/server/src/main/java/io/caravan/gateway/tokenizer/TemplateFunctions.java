package io.caravan.gateway.tokenizer;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.Locale;

/** The functions that chat templates may call beside Jinja's own. */
public final class TemplateFunctions {
    private TemplateFunctions() {}

    /** {@code raise_exception(message)}: the template refuses the chat. */
    public static Object raise(Object message) {
        throw new ChatTemplateException(String.valueOf(message));
    }

    /** {@code strftime_now(format)}: today, in C's format. */
    public static String now(Object format) {
        var config = JinjavaInterpreter.getCurrent().getConfig();
        var now = Instant.ofEpochMilli(config.getDateTimeProvider().getCurrentTimeMillis())
                .atZone(config.getTimeZone());
        return strftime(String.valueOf(format), now);
    }

    static String strftime(String format, ZonedDateTime time) {
        var text = new StringBuilder();
        for (int at = 0; at < format.length(); at++) {
            char c = format.charAt(at);
            if (c != '%' || at + 1 == format.length()) {
                text.append(c);
                continue;
            }
            char code = format.charAt(++at);
            text.append(
                    switch (code) {
                        case 'd' -> pattern(time, "dd");
                        case 'e' -> "%2d".formatted(time.getDayOfMonth());
                        case 'm' -> pattern(time, "MM");
                        case 'b', 'h' -> time.getMonth().getDisplayName(TextStyle.SHORT, Locale.US);
                        case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.US);
                        case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.US);
                        case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.US);
                        case 'Y' -> pattern(time, "yyyy");
                        case 'y' -> pattern(time, "yy");
                        case 'j' -> pattern(time, "DDD");
                        case 'H' -> pattern(time, "HH");
                        case 'I' -> pattern(time, "hh");
                        case 'M' -> pattern(time, "mm");
                        case 'S' -> pattern(time, "ss");
                        case 'p' -> pattern(time, "a");
                        case 'F' -> pattern(time, "yyyy-MM-dd");
                        case 'T' -> pattern(time, "HH:mm:ss");
                        case 'Z' -> pattern(time, "zzz");
                        case 'z' -> pattern(time, "xx");
                        case '%' -> "%";
                        default -> "%" + code;
                    });
        }
        return text.toString();
    }

    private static String pattern(ZonedDateTime time, String pattern) {
        return time.format(DateTimeFormatter.ofPattern(pattern, Locale.US));
    }
}
