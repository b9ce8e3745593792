package io.caravan.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.Cancellable;
import org.junit.jupiter.api.Test;

class ConnectionsTest {
    private static final Duration REQUEST = Duration.ofSeconds(30);
    private static final Duration IDLE = Duration.ofSeconds(75);

    /** What was put off. */
    private static final class Deadline implements Cancellable {
        private final Duration after;
        private final Runnable what;
        private boolean cancelled;

        private Deadline(Duration after, Runnable what) {
            this.after = after;
            this.what = what;
        }

        @Override
        public boolean cancel() {
            cancelled = true;
            return true;
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }
    }

    private final List<Deadline> deadlines = new ArrayList<>();
    private final List<String> ended = new ArrayList<>();
    private final Connections connections =
            new Connections(new ConnectionLimits(2, 1, REQUEST, IDLE), (after, what) -> {
                deadlines.add(new Deadline(after, what));
                return deadlines.getLast();
            });

    private Connection open(String name) {
        Connection connection = connections.open();
        connection.whenOver(() -> ended.add(name));
        connection.whenCut(() -> ended.add(name + " without a word"));
        return connection;
    }

    @Test
    void shouldGiveThePlaceOfTheOneThatHasBeenSilentLongest() {
        Connection idle = open("idle");
        idle.begin();
        idle.end();
        open("silent");
        open("third");
        assertThat(ended).containsExactlyInAnyOrder("silent", "silent without a word");
        open("fourth");
        open("fifth");
        assertThat(ended).contains("third", "fourth").doesNotContain("idle");
    }

    @Test
    void shouldTakeThePlaceOfAnIdleOneWhereNoneIsSilent() {
        open("busy").begin();
        Connection idle = open("idle");
        idle.begin();
        idle.end();
        assertThat(open("third").forProbesAlone()).isFalse();
        assertThat(ended).containsExactly("idle");
    }

    @Test
    void shouldKeepForProbesWhatComesWhileAllAreAtWork() {
        Connection first = open("first");
        first.begin();
        open("second").begin();
        Connection third = open("third");
        assertThat(third.forProbesAlone()).isTrue();
        assertThat(connections.full()).isTrue();
        first.closed();
        assertThat(third.forProbesAlone()).as("a place is free").isFalse();
        assertThat(connections.full()).isFalse();
        assertThat(ended).isEmpty();
    }

    @Test
    void shouldCountWhatLeavesUntilItsSocketIsClosed() {
        Connection first = open("first");
        open("second");
        open("third");
        assertThat(connections.full()).isTrue();
        first.closed();
        first.closed();
        assertThat(connections.full()).isFalse();
    }

    @Test
    void shouldEndOneThatAsksNothingInTimeAndOneThatAsksNothingMore() {
        Connection connection = open("it");
        assertThat(deadlines.getLast().after).isEqualTo(REQUEST);
        connection.begin();
        connection.begin();
        connection.end();
        assertThat(deadlines).allMatch(Deadline::isCancelled);
        connection.end();
        assertThat(deadlines.getLast().after).isEqualTo(IDLE);
        deadlines.getLast().what.run();
        assertThat(ended).as("who has asked is told").containsExactly("it");
    }

    @Test
    void shouldEndEachAsSoonAsItIsNotAtWorkOnceItCloses() {
        Connection busy = open("busy");
        busy.begin();
        open("silent");
        connections.close();
        open("late");
        assertThat(ended).contains("silent", "late").doesNotContain("busy");
        busy.end();
        assertThat(ended).contains("busy");
        assertThat(connections.isEmpty()).isFalse();
    }
}
