package io.caravan.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.actor.SequenceEvent;
import io.caravan.proto.sequence.FinishReason;
import io.caravan.proto.sequence.SequenceRequest;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Those who asked: each knows the answer it must get, and that nothing follows the end. */
final class Clients {
    private static final class Client {
        final SequenceRequest request;
        final int[] expected; // the completion it would get alone
        int received;
        boolean live;
        int endings;

        Client(SequenceRequest request, int[] expected) {
            this.request = request;
            this.expected = expected;
        }
    }

    private final Map<Long, Client> clients = new LinkedHashMap<>();
    private final int maxSequenceTokens;

    Clients(int maxSequenceTokens) {
        this.maxSequenceTokens = maxSequenceTokens;
    }

    List<Long> liveIds() {
        var ids = new ArrayList<Long>();
        clients.forEach((id, client) -> {
            if (client.live) {
                ids.add(id);
            }
        });
        return ids;
    }

    /** The request as a gateway repeats it, with what it has received, or less if the last of it was lost on the way. */
    SequenceRequest requestAgain(long id, Random random) {
        Client client = clients.get(id);
        int kept = client.received - (client.received > 0 ? random.nextInt(Math.min(3, client.received) + 1) : 0);
        return client.request.continuedBy(TokenIds.copyOf(client.expected, kept));
    }

    void submitted(SequenceRequest request, List<SequenceEvent> answer) {
        boolean tooLong = request.prompt().size() > maxSequenceTokens;
        Client client = clients.computeIfAbsent(
                request.id(),
                ignored -> new Client(
                        request, tooLong ? new int[0] : TokenFunction.completion(request, maxSequenceTokens)));
        switch (answer.getFirst()) {
            case SequenceEvent.Accepted accepted ->
                accepted(client, request.completion().size(), answer);
            case SequenceEvent.Refused refused -> {
                assertThat(answer).hasSize(1);
                assertThat(client.live).isFalse();
                assertThat(refused.refusal() == SequenceEvent.Refusal.INVALID).isEqualTo(tooLong);
            }
            case SequenceEvent.Tokens tokens -> throw new AssertionError(tokens);
            case SequenceEvent.Finished finished -> throw new AssertionError(finished);
        }
    }

    private void accepted(Client client, int given, List<SequenceEvent> answer) {
        int known = given;
        boolean ended = false;
        for (SequenceEvent event : answer.subList(1, answer.size())) {
            switch (event) {
                case SequenceEvent.Tokens tokens -> {
                    for (TokenChoice choice : tokens.tokens()) {
                        assertToken(client, choice, known++);
                    }
                }
                case SequenceEvent.Finished finished -> {
                    ended = true;
                    assertThat(finished.completionCount()).isEqualTo(known);
                }
                case SequenceEvent.Accepted accepted -> throw new AssertionError(accepted);
                case SequenceEvent.Refused refused -> {
                    ended = true;
                    assertPoisoned(client, refused);
                }
            }
        }
        if (client.live) {
            assertThat(ended).as("a live sequence cannot have ended").isFalse();
            assertThat(known).isEqualTo(client.received);
        } else if (!ended) {
            client.live = true;
            client.endings = 0;
            client.received = known;
        }
    }

    void heard(List<SequenceEvent> events) {
        for (SequenceEvent event : events) {
            Client client = clients.get(event.sequenceId());
            assertThat(client.live).as("nothing follows the end: %s", event).isTrue();
            switch (event) {
                case SequenceEvent.Tokens tokens -> {
                    for (TokenChoice choice : tokens.tokens()) {
                        assertToken(client, choice, client.received++);
                    }
                }
                case SequenceEvent.Finished finished -> {
                    ended(client);
                    assertThat(finished.completionCount()).isEqualTo(client.received);
                    boolean whole = client.received == client.expected.length;
                    boolean natural =
                            finished.reason() == FinishReason.STOP || finished.reason() == FinishReason.LENGTH;
                    assertThat(whole).isEqualTo(natural);
                }
                case SequenceEvent.Refused refused -> {
                    ended(client);
                    if (refused.refusal() == SequenceEvent.Refusal.FAILED) {
                        assertPoisoned(client, refused);
                    } else {
                        assertThat(refused.refusal()).isEqualTo(SequenceEvent.Refusal.UNAVAILABLE);
                        assertThat(refused.message()).contains("no worker with room");
                    }
                }
                case SequenceEvent.Accepted accepted -> throw new AssertionError(accepted);
            }
        }
    }

    /** Nobody but those who ask for what cannot be computed hears that it cannot. */
    private static void assertPoisoned(Client client, SequenceEvent.Refused refused) {
        assertThat(refused.refusal()).isEqualTo(SequenceEvent.Refusal.FAILED);
        assertThat(TokenFunction.poisoned(client.request.prompt()))
                .as("%s", refused)
                .isTrue();
        assertThat(client.received).isZero();
    }

    /** Those who ask for what cannot be computed, and have not heard so yet. */
    long poisonedCount() {
        return clients.values().stream()
                .filter(client -> client.live && TokenFunction.poisoned(client.request.prompt()))
                .count();
    }

    private static void ended(Client client) {
        client.live = false;
        client.endings++;
        assertThat(client.endings).isEqualTo(1);
    }

    private static void assertToken(Client client, TokenChoice choice, int index) {
        assertThat(choice.position()).isEqualTo(client.request.prompt().size() + index);
        assertThat(choice.token()).isEqualTo(client.expected[index]);
    }

    long remainingTokens() {
        return clients.values().stream()
                .filter(client -> client.live)
                .mapToLong(client -> client.request.prompt().size() + client.expected.length)
                .sum();
    }

    void assertAllEnded() {
        assertThat(liveIds()).isEmpty();
    }
}
