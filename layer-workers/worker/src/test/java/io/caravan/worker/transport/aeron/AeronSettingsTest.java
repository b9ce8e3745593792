package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AeronSettingsTest {
    @Test
    void shouldHaveTheseDefaults() {
        assertThat(AeronSettings.from(ConfigFactory.load()))
                .isEqualTo(new AeronSettings(
                        "127.0.0.1",
                        0,
                        "",
                        new DatagramSize.OfThePath(),
                        4 << 20,
                        "backoff",
                        Duration.ofSeconds(2),
                        Duration.ofSeconds(10),
                        256 << 20));
    }

    @ParameterizedTest
    @CsvSource({
        "host, '\" \"', caravan.transport.host",
        "port, 70000, caravan.transport.port",
        "mtu, 1000, caravan.transport.mtu",
        "mtu, 8001, caravan.transport.mtu",
        "term-length, 3MiB, caravan.transport.term-length",
        "idle, sleep, 'backoff, yield or spin'",
        "liveness-timeout, 10ms, caravan.transport.liveness-timeout",
        "client-timeout, 10ms, caravan.transport.client-timeout",
        "max-frame, 3GiB, caravan.transport.max-frame",
    })
    void shouldRefuseAWrongValueByItsKey(String key, String value, String told) {
        assertThatThrownBy(() -> Settings.with(key, value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(told);
    }
}
