package io.caravan.cli.address;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.cli.CliException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostAndPortTest {

    @ParameterizedTest
    @CsvSource({
        "gateway:25520, gateway, 25520",
        "my_host.example:1, my_host.example, 1",
        "10.0.0.5:65535, 10.0.0.5, 65535",
        "[::1]:2551, [::1], 2551",
    })
    void shouldReadNamesAndNumbers(String text, String host, int port) {
        assertThat(HostAndPort.parse(text))
                .isEqualTo(new HostAndPort(host, port))
                .hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({
        "here, 'HOST:PORT, not ''here'''",
        "here:, HOST:PORT",
        "a b:1, HOST:PORT",
        "here:0, 'is 1 to 65535, not 0'",
        "here:65536, 'is 1 to 65535, not 65536'",
        "http://here:8080, HOST:PORT",
    })
    void shouldRefuseOtherForms(String text, String message) {
        assertThatThrownBy(() -> HostAndPort.parse(text))
                .isInstanceOf(CliException.class)
                .hasMessageContaining(message);
    }

    @Test
    void shouldShowHowIpv6IsWritten() {
        assertThatThrownBy(() -> HostAndPort.parse("::1:2551")).hasMessageContaining("brackets: [::1]:25520");
    }
}
