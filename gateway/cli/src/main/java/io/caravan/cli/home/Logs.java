package io.caravan.cli.home;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.filter.ThresholdFilter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.spi.FilterReply;
import ch.qos.logback.core.util.FileSize;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;

/** Where a process logs: a bounded file of its own, and warnings on standard error where someone watches them. */
public final class Logs {
    private static final int MOST_FILES_KEPT = 40;
    private static final Pattern IS_LOG = Pattern.compile("\\.log|\\.out$");
    private static final String OUR_LOGGERS = "io.caravan.";
    private static final String FILE_SIZE = "16MB";
    private static final String FILE_PATTERN = "%d{yyyy-MM-dd HH:mm:ss.SSS} %-5level %logger{30} [%thread] %line";
    private static final String CONSOLE_PATTERN = "%d{HH:mm:ss} %-5level %msg%n%nopex";

    private Logs() {}

    /** Logs into {@code FOLDER/NAME-PID.log}, and deletes the oldest logs there beyond a bound. */
    public static Path toFile(Path folder, String name, boolean debug) {
        deleteOldest(folder);
        var file = folder.resolve(name + "-" + ProcessHandle.current().pid() + ".log");
        var context = context();
        var appender = new RollingFileAppender<ILoggingEvent>();
        appender.setFile(file.toString());
        var trigger = new SizeBasedTriggeringPolicy<ILoggingEvent>();
        trigger.setMaxFileSize(FileSize.valueOf(FILE_SIZE));
        trigger.setContext(context);
        trigger.start();
        var rolling = new FixedWindowRollingPolicy();
        rolling.setContext(context);
        rolling.setParent(appender);
        rolling.setFileNamePattern(file + ".%i");
        rolling.setMinIndex(1);
        rolling.setMaxIndex(2);
        rolling.start();
        appender.setTriggeringPolicy(trigger);
        appender.setRollingPolicy(rolling);
        if (debug) {
            add(context, appender, FILE_PATTERN.replace("%line", "%msg%n"));
        } else {
            appender.addFilter(started(new Strangers.Flood()));
            add(context, appender, FILE_PATTERN);
        }
        var otherwise = new CalledOtherwise();
        otherwise.setContext(context);
        otherwise.start();
        root(context).addAppender(otherwise);
        JavaLogging.redirect();
        root(context).setLevel(debug ? Level.DEBUG : Level.INFO);
        return file;
    }

    /**
     * What {@code level} names and everything worse on standard error as well, as containers want it; of an empty level
     * Caravan's own warnings and errors, as people do.
     */
    public static void toStandardError(String level) {
        var context = context();
        var appender = new ConsoleAppender<ILoggingEvent>();
        appender.setTarget("System.err");
        if (level.isBlank()) {
            appender.addFilter(new ForPeople());
        } else {
            var filter = new ThresholdFilter();
            filter.setLevel(level);
            appender.addFilter(started(filter));
            appender.addFilter(started(new Strangers.Flood()));
        }
        add(context, appender, CONSOLE_PATTERN);
    }

    /** What the libraries complain of is for those who read the log: late heartbeats, connections that end. */
    private static final class ForPeople extends Filter<ILoggingEvent> {
        @Override
        public FilterReply decide(ILoggingEvent event) {
            boolean ours = event.getLoggerName().startsWith(OUR_LOGGERS);
            return ours && event.getLevel().isGreaterOrEqual(Level.WARN) ? FilterReply.NEUTRAL : FilterReply.DENY;
        }
    }

    private static <T extends Filter<ILoggingEvent>> T started(T filter) {
        filter.start();
        return filter;
    }

    private static void add(LoggerContext context, OutputStreamAppender<ILoggingEvent> appender, String pattern) {
        var layout = new PatternLayout();
        layout.setContext(context);
        layout.getInstanceConverterMap().put(Strangers.Line.WORD, Strangers.Line::new);
        layout.setPattern(pattern);
        layout.start();
        var encoder = new LayoutWrappingEncoder<ILoggingEvent>();
        encoder.setContext(context);
        encoder.setLayout(layout);
        encoder.start();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
        root(context).addAppender(appender);
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }

    private static Logger root(LoggerContext context) {
        return context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    }

    private static void deleteOldest(Path folder) {
        try (var files = Files.list(folder)) {
            List<Path> logs = files.filter(file ->
                            IS_LOG.matcher(file.getFileName().toString()).find())
                    .sorted(Comparator.comparing(Logs::modifiedAtMs).reversed())
                    .toList();
            for (Path old : logs.subList(Math.min(MOST_FILES_KEPT, logs.size()), logs.size())) {
                Files.deleteIfExists(old);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long modifiedAtMs(Path file) {
        try {
            return Files.getLastModifiedTime(file).toMillis();
        } catch (IOException gone) {
            return 0;
        }
    }
}
