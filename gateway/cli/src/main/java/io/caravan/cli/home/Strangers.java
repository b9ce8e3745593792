package io.caravan.cli.home;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * What libraries log of those who connect to a port and are nobody that is expected: scanners, browsers, clients of something
 * else. A stack trace tells nothing of them that its first line does not, their bytes must not look like lines of the log, and
 * they must not be able to fill it.
 */
final class Strangers {
    /** Loggers of what reads from the network. */
    private static final List<String> FACES = List.of(
            "org.apache.pekko.remote.",
            "org.apache.pekko.stream.",
            "org.apache.pekko.io.",
            "org.apache.pekko.http.",
            "org.apache.pekko.management.",
            "org.apache.pekko.actor.RepointableActorRef",
            "io.grpc.");

    private Strangers() {}

    private static boolean isFace(ILoggingEvent event) {
        return FACES.stream().anyMatch(event.getLoggerName()::startsWith);
    }

    /** A message with what was thrown: one line where a stranger may be the cause, else with its stack trace. */
    public static final class Line extends ThrowableProxyConverter {
        static final String WORD = "line";
        private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}+");
        private static final int MOST_CHARACTERS = 500;

        @Override
        public String convert(ILoggingEvent event) {
            String message = event.getFormattedMessage();
            if (!isFace(event)) {
                return message + System.lineSeparator() + super.convert(event);
            }
            var thrown = event.getThrowableProxy();
            String whole =
                    thrown == null ? message : message + ": " + thrown.getClassName() + ": " + thrown.getMessage();
            String line = CONTROL.matcher(whole).replaceAll(" ");
            return line.substring(0, Math.min(MOST_CHARACTERS, line.length())) + System.lineSeparator();
        }
    }

    /** Lets so many lines of a logger through in so long, and no more until it is over. */
    static final class Flood extends Filter<ILoggingEvent> {
        static final int MOST_LINES = 20;
        private static final long WINDOW_MS = TimeUnit.SECONDS.toMillis(10);

        private final Map<String, Window> windows = new HashMap<>();

        private static final class Window {
            private long startMs;
            private int lines;
        }

        @Override
        public FilterReply decide(ILoggingEvent event) {
            return isFace(event) && isTooMuch(event) ? FilterReply.DENY : FilterReply.NEUTRAL;
        }

        private synchronized boolean isTooMuch(ILoggingEvent event) {
            var window = windows.computeIfAbsent(event.getLoggerName(), logger -> new Window());
            if (event.getTimeStamp() - window.startMs > WINDOW_MS) {
                window.startMs = event.getTimeStamp();
                window.lines = 0;
            }
            return ++window.lines > MOST_LINES;
        }
    }
}
