package io.caravan.cli.home;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says in our words what the actors' transport drops: who joins a member by another address than it calls itself hears no
 * answer, and only this side knows why.
 */
final class CalledOtherwise extends AppenderBase<ILoggingEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(CalledOtherwise.class);
    private static final String SPEAKER = "org.apache.pekko.remote.artery";
    private static final Pattern DROPPED =
            Pattern.compile("Dropping Handshake Request from \\[.*@([^,\\]]+).*\\] addressed to unknown local address"
                    + " \\[pekko://\\w+@(\\S+):(\\d+)\\]\\. Local address is \\[pekko://\\w+@(\\S+:\\d+)\\].*");
    private static final long AGAIN_MS = TimeUnit.SECONDS.toMillis(30);

    private long toldMs;

    @Override
    protected void append(ILoggingEvent event) {
        if (!event.getLoggerName().startsWith(SPEAKER) || event.getTimeStamp() - toldMs < AGAIN_MS) {
            return;
        }
        var dropped = DROPPED.matcher(event.getFormattedMessage());
        if (dropped.matches()) {
            toldMs = event.getTimeStamp();
            LOG.warn(
                    "{} asks for {}:{}, but this member is called {}: join that, or start it with --cluster-host {}",
                    dropped.group(1),
                    dropped.group(2),
                    dropped.group(3),
                    dropped.group(4),
                    dropped.group(2));
        }
    }
}
