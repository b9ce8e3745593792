package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.membership.Acquaintances;
import io.caravan.cli.membership.Fate;
import io.caravan.cli.membership.MembershipSettings;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that is a member of a cluster again and again. Who was declared dead cannot come back as who it was: its actor
 * system ends, and a new one joins, by the seeds and by every gateway that it has met, for as long as it takes. Only a
 * person ends the process, or a refusal that a person has to see.
 */
public final class Incarnations implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Incarnations.class);

    /** One of them. */
    public interface Life extends AutoCloseable {
        /** Waits until it is over, by itself or because somebody closed it. */
        Fate awaitEnd();

        /** The same configuration, with the ports that were taken where any free one was wanted. */
        Config keepPorts(Config config);

        /** Gives everything back at once: there is nobody to say goodbye to. */
        void abandon();

        /** Leaves properly. */
        @Override
        void close();
    }

    /** Starts one. */
    public interface Birth {
        Life begin(Config config, Acquaintances acquaintances);
    }

    private final String who;
    private final MembershipSettings patience;
    private final Acquaintances acquaintances;
    private final Birth birth;
    private Config config;
    private List<Life> current = List.of(); // one or none
    private boolean closed;

    /** @param who how lines to people name the process */
    public Incarnations(String who, Config config, Birth birth) {
        this.who = who;
        this.config = config;
        this.birth = birth;
        patience = MembershipSettings.from(config);
        acquaintances = new Acquaintances(Member.seeds(config), patience.knownGateways());
    }

    /**
     * Lives until it is closed.
     *
     * @throws CliException where it is refused, or cannot even start for the first time
     */
    public void run() {
        begin(birth.begin(config, acquaintances));
        long delayMs = patience.firstDelay().toMillis();
        while (isOpen()) {
            Life life = current.getFirst();
            long bornNs = System.nanoTime();
            Fate fate = life.awaitEnd();
            if (!isOpen()) {
                return;
            }
            if (fate instanceof Fate.Refused refused) {
                throw new CliException(who + " was refused: " + refused.why());
            }
            config = life.keepPorts(config);
            say(who + " is no member of its cluster any more (" + fate.why() + "); it joins again as a new one");
            life.abandon();
            boolean settled = System.nanoTime() - bornNs > patience.lastDelay().toNanos() * 2;
            delayMs = beginAgain(settled ? patience.firstDelay().toMillis() : delayMs);
        }
    }

    /** Returns the delay before the next time. */
    private long beginAgain(long firstDelayMs) {
        long delayMs = firstDelayMs;
        while (isOpen()) {
            pause(delayMs);
            delayMs = Math.min(2 * delayMs, patience.lastDelay().toMillis());
            try {
                begin(birth.begin(config, acquaintances));
                return delayMs;
            } catch (RuntimeException failure) {
                LOG.info("Could not start again", failure);
                say(who + " cannot start again yet: " + failure.getMessage());
            }
        }
        return delayMs;
    }

    private static void say(String line) {
        LOG.info(line);
        System.err.println(line);
    }

    private static void pause(long ms) {
        try {
            TimeUnit.MILLISECONDS.sleep(ms);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
            throw new CliException("interrupted while waiting to join again", ended);
        }
    }

    private void begin(Life life) {
        synchronized (this) {
            if (!closed) {
                current = List.of(life);
                return;
            }
        }
        life.close();
    }

    private synchronized boolean isOpen() {
        return !closed;
    }

    @Override
    public void close() {
        List<Life> last;
        synchronized (this) {
            closed = true;
            last = current;
        }
        last.forEach(Life::close);
    }
}
