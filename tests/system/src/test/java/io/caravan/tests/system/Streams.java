package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Questions to one gateway and the answers of an undisturbed run, which they have to get whatever happens elsewhere.
 *
 * @param details for people who look at a failure
 */
record Streams(List<ChatRequest> requests, List<ChatStream.Answer> expected, Supplier<String> details) {
    private static final Duration LONGEST = Duration.ofSeconds(240);
    private static final int WARM_TOKENS = 10;

    static Streams undisturbed(GatewayApi gateway, int count, int tokens, Supplier<String> details) {
        var requests = ChatRequest.random(17, count, tokens, true);
        var expected = gateway.streamAll(requests).stream()
                .map(stream -> stream.await(LONGEST))
                .toList();
        assertThat(expected).allSatisfy(answer -> assertThat(answer.tokens()).hasSize(tokens));
        return new Streams(requests, expected, details);
    }

    /** Asks {@code gateway}, and returns when every answer is well under way. */
    List<ChatStream> start(GatewayApi gateway) {
        var streams = gateway.streamAll(requests);
        Await.until(
                LONGEST,
                () -> streams.stream().allMatch(stream -> stream.tokenCount() >= WARM_TOKENS)
                        ? ""
                        : "streams do not begin",
                details);
        return streams;
    }

    /** All end as they would have undisturbed, and none waits longer than {@code longestPause}. */
    void expectAnswers(String what, List<ChatStream> streams, Duration longestPause) {
        for (int i = 0; i < streams.size(); i++) {
            assertThat(streams.get(i).await(LONGEST))
                    .as("%s: stream %d %s", what, i, details.get())
                    .isEqualTo(expected.get(i));
        }
        var pause = Duration.ofNanos(Load.longestPauseNs(streams));
        System.out.printf("%s: the longest pause of a stream was %d ms%n", what, pause.toMillis());
        assertThat(pause).as(what).isLessThanOrEqualTo(longestPause);
    }
}
