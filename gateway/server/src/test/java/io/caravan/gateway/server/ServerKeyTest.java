package io.caravan.gateway.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.ListModelsRequest;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerKeyTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private static Path folder;

    private static TlsFiles files;

    @BeforeAll
    static void makeKey() throws Exception {
        files = TlsFiles.in(folder);
    }

    @Test
    void shouldServeHttpAndGrpcWithPemFiles() throws Exception {
        serve("tls { cert = \"" + files.cert() + "\", key = \"" + files.key() + "\" }");
    }

    @Test
    void shouldServeHttpAndGrpcWithAKeystore() throws Exception {
        serve(files.settings());
    }

    @Test
    void shouldSayWhichFilesCannotBeUsed() {
        assertThatThrownBy(() -> new GatewayFixture(
                                "http.tls { cert = \"" + files.key() + "\", key = \"" + files.cert() + "\" }")
                        .close())
                .isInstanceOf(GatewayStartException.class)
                .hasMessageContaining("caravan.gateway.http.tls")
                .hasMessageContaining("tls.crt");
        assertThatThrownBy(() -> new GatewayFixture("http.tls.cert = \"" + files.cert() + "\"").close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("http.tls.key");
    }

    private static void serve(String tls) throws Exception {
        try (var gateway = new GatewayFixture("http { " + tls + " }");
                var client =
                        HttpClient.newBuilder().sslContext(files.trusting()).build()) {
            var health = URI.create(gateway.uri("/health").toString().replace("http:", "https:"));
            var response = client.send(
                    HttpRequest.newBuilder(health).timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(200);
            client.shutdownNow();

            var channel = NettyChannelBuilder.forAddress(
                            gateway.server.grpcAddress().orElseThrow())
                    .sslContext(GrpcSslContexts.forClient()
                            .trustManager(files.cert().toFile())
                            .build())
                    .build();
            try {
                var models = CaravanGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                        .listModels(ListModelsRequest.getDefaultInstance());
                assertThat(models.getModels(0).getId()).isEqualTo("tiny-chat");
            } finally {
                channel.shutdownNow();
            }
        }
    }
}
