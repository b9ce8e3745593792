package io.caravan.gateway.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.caravan.gateway.connection.ConnectionLimits;
import io.caravan.gateway.generation.GenerationLimits;
import io.caravan.gateway.memory.MemoryLimits;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class GatewaySettingsTest {
    private static final ConnectionLimits CONNECTIONS =
            new ConnectionLimits(1024, 64, Duration.ofSeconds(30), Duration.ofSeconds(75));

    @Test
    void shouldHaveTheseDefaults() {
        assertThat(GatewaySettings.of(ConfigFactory.defaultReference()))
                .usingRecursiveComparison()
                .isEqualTo(new GatewaySettings(
                        new GatewaySettings.Http(
                                "127.0.0.1",
                                8080,
                                8 << 20,
                                Duration.ofSeconds(30),
                                CONNECTIONS,
                                Duration.ofSeconds(15),
                                List.of(),
                                new GatewaySettings.Tls("", "", "", "")),
                        new GatewaySettings.Grpc(true, 50051, CONNECTIONS, 256),
                        List.of(),
                        "",
                        false,
                        Duration.ofMinutes(10),
                        new GenerationLimits(1024, Duration.ofSeconds(5), Duration.ofSeconds(5)),
                        new MemoryLimits(0.35, 64, Duration.ofSeconds(5)),
                        64,
                        16,
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(30),
                        true,
                        false));
    }

    @Test
    void shouldSayWhichSettingIsWrong() {
        assertThatThrownBy(() -> GatewaySettings.of(ConfigFactory.parseString("caravan.gateway.http.port = 70000")
                        .withFallback(ConfigFactory.defaultReference())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("caravan.gateway.http.port must be between 0 and 65535, not 70000");
    }

    @Test
    void shouldKeepKeysOutOfLogs() {
        var settings = GatewaySettings.of(ConfigFactory.parseString(
                        "caravan.gateway { api-keys = [sesame], http.tls { keystore = k, password = secret } }")
                .withFallback(ConfigFactory.defaultReference()));

        assertThat(settings.toString()).doesNotContain("sesame").doesNotContain("secret");
    }
}
