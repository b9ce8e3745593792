package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;

/**
 * Streams that go on while something happens to the cluster, and the answers that they have to give all the same.
 *
 * @param expected of each request, from an undisturbed run
 */
record Load(TestCluster cluster, List<ChatRequest> requests, List<ChatStream.Answer> expected) {
    private static final Duration LONGEST = Duration.ofSeconds(240);
    private static final int WARM_TOKENS = 10;

    /** Sixteen streams, once undisturbed. */
    static Load undisturbed(TestCluster cluster, long seed, int tokens) {
        var requests = ChatRequest.random(seed, 16, tokens, true);
        var expected = cluster.gateway().streamAll(requests).stream()
                .map(stream -> stream.await(LONGEST))
                .toList();
        assertThat(expected).allSatisfy(answer -> {
            assertThat(answer.error()).isEmpty();
            assertThat(answer.tokens()).hasSize(tokens);
        });
        return new Load(cluster, requests, expected);
    }

    /** All streams again, each of which is well under way. */
    List<ChatStream> start() {
        var streams = cluster.gateway().streamAll(requests);
        awaitMoreTokens(streams);
        return streams;
    }

    /** Waits until every stream that has not ended got some more tokens. */
    void awaitMoreTokens(List<ChatStream> streams) {
        int[] before = streams.stream().mapToInt(ChatStream::tokenCount).toArray();
        Await.until(
                LONGEST,
                () -> {
                    for (int i = 0; i < before.length; i++) {
                        var stream = streams.get(i);
                        if (!stream.ended() && stream.tokenCount() < before[i] + WARM_TOKENS) {
                            return "stream " + i + " stays at " + stream.tokenCount() + " tokens";
                        }
                    }
                    return "";
                },
                cluster::details);
    }

    /** Every stream ends, and with the answer of the undisturbed run; tells the longest pause that one saw. */
    void expectSameAnswers(String what, List<ChatStream> streams) {
        for (int i = 0; i < streams.size(); i++) {
            assertThat(streams.get(i).await(LONGEST)).as("stream %d", i).isEqualTo(expected.get(i));
        }
        System.out.printf("%s: the longest pause of a stream was %d ms%n", what, longestPauseNs(streams) / 1_000_000);
    }

    static long longestPauseNs(List<ChatStream> streams) {
        long longest = 0;
        for (var stream : streams) {
            var arrived = stream.arrivedNs();
            for (int i = 1; i < arrived.size(); i++) {
                longest = Math.max(longest, arrived.get(i) - arrived.get(i - 1));
            }
        }
        return longest;
    }
}
