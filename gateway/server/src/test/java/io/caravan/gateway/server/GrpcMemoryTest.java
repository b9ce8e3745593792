package io.caravan.gateway.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.GenerateRequest;
import io.caravan.proto.v1.TokenizeRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What messages occupy on their way, and what those do who do not finish theirs. */
class GrpcMemoryTest {
    private static final int PATIENCE_SECONDS = 20;
    private static final int MIB = 1 << 20;
    private static final int LARGEST = 8 * MIB;

    @Test
    void shouldTakeNothingForMessagesThatAreOnlyAnnounced() throws Exception {
        unfinished(2, LARGEST, new byte[1000]);
    }

    @Test
    void shouldTakeNothingForConnectionsThatHaveCallsAndNoMessage() throws Exception {
        try (var gateway = new GatewayFixture(budget(3 * LARGEST, "1s"))) {
            try (var socket = new Socket("127.0.0.1", port(gateway))) {
                var http2 = new RawHttp2(socket).begin();
                for (int call = 0; call < 20; call++) {
                    http2.call(2 * call + 1, "Generate");
                }
                assertServes(gateway);
            }
        }
    }

    private static void unfinished(int connections, int length, byte[] sent) throws Exception {
        try (var gateway = new GatewayFixture(budget(3 * LARGEST, "1s"))) {
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                var socket = new Socket("127.0.0.1", port(gateway));
                sockets.add(socket);
                var http2 = new RawHttp2(socket).begin();
                for (int call = 0; call < 10; call++) {
                    http2.call(2 * call + 1, "Generate").message(2 * call + 1, length, sent);
                }
            }
            assertServes(gateway);
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    /** A message that is whole and of which nobody says so holds what it takes for no longer than one that is not. */
    @Test
    void shouldGiveBackWhatAMessageTakesThatNeverEnds() throws Exception {
        try (var gateway =
                new GatewayFixture("http { body-timeout = 1s, max-body-bytes = 512 KiB }, " + budget(4 * MIB, "3s"))) {
            var request =
                    GenerateRequest.newBuilder().setPrompt("x".repeat(30_000)).build();
            try (var socket = new Socket("127.0.0.1", port(gateway))) {
                socket.setSoTimeout(PATIENCE_SECONDS * 1000 / 2);
                new RawHttp2(socket)
                        .begin()
                        .call(1, "Generate")
                        .message(1, request.getSerializedSize(), request.toByteArray())
                        .awaitAnswer(1);
                var channel = channel(gateway);
                assertReads(channel, 260_000);
                channel.shutdownNow();
            }
        }
    }

    @Test
    void shouldRefuseAMessageThatFindsNoRoomAndServeTheNextOfItsConnection() {
        try (var gateway = new GatewayFixture(budget(2 * MIB, "1s"))) {
            var channel = channel(gateway);
            var client = client(channel);
            var large =
                    TokenizeRequest.newBuilder().setText("x".repeat(6 * MIB)).build();
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> client.tokenize(large))
                        .isInstanceOfSatisfying(StatusRuntimeException.class, refused -> {
                            assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
                            assertThat(refused.getStatus().getDescription()).contains("bytes of memory");
                        });
                assertThat(client.tokenize(small()).getIdsCount()).isPositive();
            }
            channel.shutdownNow();
        }
    }

    @Test
    void shouldInflateWhatIsCompressedWhereThereIsRoomForIt() {
        for (int budget : new int[] {6 * LARGEST, LARGEST}) {
            try (var gateway = new GatewayFixture(budget(budget, "1s"))) {
                var channel = channel(gateway);
                var client = client(channel).withCompression("gzip");
                if (budget > LARGEST) {
                    assertThat(client.tokenize(small()))
                            .isEqualTo(client(channel).tokenize(small()));
                } else {
                    assertThatThrownBy(() -> client.tokenize(small()))
                            .isInstanceOfSatisfying(
                                    StatusRuntimeException.class,
                                    refused -> assertThat(refused.getStatus().getCode())
                                            .isEqualTo(Status.Code.RESOURCE_EXHAUSTED));
                    assertThat(client(channel).tokenize(small()).getIdsCount()).isPositive();
                }
                channel.shutdownNow();
            }
        }
    }

    private static TokenizeRequest small() {
        return TokenizeRequest.newBuilder().setText("What is 7 plus 5?").build();
    }

    private static String budget(long bytes, String wait) {
        return "memory { heap-share = " + (double) bytes / Runtime.getRuntime().maxMemory() + ", max-wait = " + wait
                + " }";
    }

    private static void assertServes(GatewayFixture gateway) {
        var channel = channel(gateway);
        var replies = new ArrayList<>();
        client(channel)
                .generate(GenerateRequest.newBuilder().setPrompt("Hello!").build())
                .forEachRemaining(replies::add);
        assertThat(replies).isNotEmpty();
        assertReads(channel, MIB + 1000);
        channel.shutdownNow();
    }

    /** What is refused for having more tokens than are counted has been read. */
    private static void assertReads(ManagedChannel channel, int bytes) {
        var text = TokenizeRequest.newBuilder().setText("x".repeat(bytes)).build();
        assertThatThrownBy(() -> client(channel).tokenize(text))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        tooLong -> assertThat(tooLong.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT));
    }

    private static CaravanGrpc.CaravanBlockingStub client(ManagedChannel channel) {
        return CaravanGrpc.newBlockingStub(channel).withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static ManagedChannel channel(GatewayFixture gateway) {
        return NettyChannelBuilder.forAddress("127.0.0.1", port(gateway))
                .usePlaintext()
                .maxInboundMessageSize(LARGEST)
                .build();
    }

    private static int port(GatewayFixture gateway) {
        return gateway.server.grpcAddress().orElseThrow().getPort();
    }
}
