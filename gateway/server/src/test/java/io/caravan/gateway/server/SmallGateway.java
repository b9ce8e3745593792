package io.caravan.gateway.server;

import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.time.Duration;

/** A gateway in a process of its own, whose heap may be small: tells its ports and ends when its input does. */
final class SmallGateway {
    /** Tokens of an answer, one each {@link #PAUSE}. */
    private static final int REPETITIONS = 8;

    private static final Duration PAUSE = Duration.ofMillis(25);

    private SmallGateway() {}

    public static void main(String[] arguments) throws IOException {
        var gateway = new GatewayFixture(String.join(",", arguments));
        TokenIds once = GatewayFixture.ANSWER.slice(0, GatewayFixture.ANSWER.size() - 1);
        TokenIds answer = once;
        for (int i = 1; i < REPETITIONS; i++) {
            answer = answer.concat(once);
        }
        TokenIds whole = answer;
        gateway.script.completion = request -> whole;
        gateway.script.pause = PAUSE;
        System.out.println("ports " + gateway.server.httpAddress().getPort() + " "
                + gateway.server.grpcAddress().orElseThrow().getPort());
        while (System.in.read() >= 0) {
            // the one who started this has not ended
        }
        System.exit(0);
    }
}
