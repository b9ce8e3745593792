package io.caravan.cli.home;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.SimpleFormatter;
import org.slf4j.LoggerFactory;

/** Brings what libraries log through the JDK's own logging, as gRPC does, to where everything else is logged. */
final class JavaLogging extends Handler {
    private final SimpleFormatter formatter = new SimpleFormatter();

    private JavaLogging() {}

    /** Instead of standard error. */
    static void redirect() {
        var root = LogManager.getLogManager().getLogger("");
        for (Handler each : root.getHandlers()) {
            root.removeHandler(each);
        }
        root.addHandler(new JavaLogging());
    }

    @Override
    public void publish(LogRecord event) {
        if (event.getLevel().intValue() >= Level.INFO.intValue()) {
            var name = event.getLoggerName() == null ? "java.util.logging" : event.getLoggerName();
            LoggerFactory.getLogger(name)
                    .atLevel(level(event.getLevel()))
                    .setCause(event.getThrown())
                    .log(formatter.formatMessage(event));
        }
    }

    private static org.slf4j.event.Level level(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return org.slf4j.event.Level.ERROR;
        }
        return level.intValue() >= Level.WARNING.intValue() ? org.slf4j.event.Level.WARN : org.slf4j.event.Level.INFO;
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
