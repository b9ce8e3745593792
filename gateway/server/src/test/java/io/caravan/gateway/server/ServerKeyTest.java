package io.caravan.gateway.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.ListModelsRequest;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerKeyTest {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final int MAX_ALERT_BYTES = 64;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private static Path folder;

    private static Path keystore;
    private static Path cert;
    private static Path key;
    private static KeyStore keys;

    @BeforeAll
    static void makeKey() throws Exception {
        keystore = folder.resolve("server.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        var process = new ProcessBuilder(List.of(
                        keytool,
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=gateway",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storepass",
                        new String(PASSWORD),
                        "-keystore",
                        keystore.toString()))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("keytool.out").toFile())
                .start();
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(keystore)) {
            keys.load(in, PASSWORD);
        }
        cert = pem("tls.crt", "CERTIFICATE", keys.getCertificate("a").getEncoded());
        key = pem("tls.key", "PRIVATE KEY", keys.getKey("a", PASSWORD).getEncoded());
    }

    @Test
    void shouldServeHttpAndGrpcWithPemFiles() throws Exception {
        serve("cert = \"" + cert + "\", key = \"" + key + "\"");
    }

    @Test
    void shouldServeHttpAndGrpcWithAKeystore() throws Exception {
        serve("keystore = \"" + keystore + "\", password = changeit");
    }

    @Test
    void shouldCloseAGrpcConnectionThatNeverFinishesItsHandshake() throws Exception {
        String settings = "http { request-timeout = 1s, tls { keystore = \"" + keystore + "\", password = changeit } }";
        try (var gateway = new GatewayFixture(settings)) {
            int port = gateway.server.grpcAddress().orElseThrow().getPort();
            try (var socket = new Socket("127.0.0.1", port)) {
                socket.setSoTimeout((int) PATIENCE.toMillis() / 3);
                // the beginning of a handshake that says that more follows
                socket.getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0, 1});
                assertThat(socket.getInputStream().readAllBytes()).hasSizeLessThan(MAX_ALERT_BYTES);
            } catch (SocketException reset) {
                assertThat(reset).hasMessageContaining("reset");
            }
        }
    }

    @Test
    void shouldSayWhichFilesCannotBeUsed() {
        assertThatThrownBy(
                        () -> new GatewayFixture("http.tls { cert = \"" + key + "\", key = \"" + cert + "\" }").close())
                .isInstanceOf(GatewayStartException.class)
                .hasMessageContaining("caravan.gateway.http.tls")
                .hasMessageContaining("tls.crt");
        assertThatThrownBy(() -> new GatewayFixture("http.tls.cert = \"" + cert + "\"").close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("http.tls.key");
    }

    private static void serve(String tls) throws Exception {
        try (var gateway = new GatewayFixture("http.tls { " + tls + " }");
                var client = HttpClient.newBuilder().sslContext(trusting()).build()) {
            var health = URI.create(gateway.uri("/health").toString().replace("http:", "https:"));
            var response = client.send(
                    HttpRequest.newBuilder(health).timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(200);
            client.shutdownNow();

            var channel = NettyChannelBuilder.forAddress(
                            gateway.server.grpcAddress().orElseThrow())
                    .sslContext(GrpcSslContexts.forClient()
                            .trustManager(cert.toFile())
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

    private static SSLContext trusting() throws Exception {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, PASSWORD);
        trusted.setCertificateEntry("gateway", keys.getCertificate("a"));
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static Path pem(String name, String label, byte[] content) throws IOException {
        var base64 = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
        return Files.writeString(
                folder.resolve(name),
                "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(label, base64.encodeToString(content)));
    }
}
