package io.caravan.cli.address;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AddressesTest {

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1",
        "::1, [::1]",
        "::, [::]",
        "0:0:0:0:0:0:0:1, [::1]",
        "fd00:0:0:1:0:0:0:7, [fd00:0:0:1::7]",
        "fd00::, [fd00::]",
        "1:2:3:4:5:6:7:8, [1:2:3:4:5:6:7:8]",
        "1:0:3:4:5:6:7:8, [1:0:3:4:5:6:7:8]",
        "1:10:0:0:5:6:7:8, [1:10::5:6:7:8]",
    })
    void shouldSpellAnAddressInOneWay(String address, String text) throws UnknownHostException {
        assertThat(Addresses.text(InetAddress.getByName(address))).isEqualTo(text);
        assertThat(InetAddress.getByName(text)).isEqualTo(InetAddress.getByName(address));
    }

    @Test
    void shouldKnowItsOwnAddresses() throws UnknownHostException {
        assertThat(Addresses.ofThisMachine())
                .allMatch(Addresses::isOfThisMachine)
                .noneMatch(InetAddress::isLoopbackAddress)
                .doesNotHaveDuplicates();
        assertThat(Addresses.isOfThisMachine(InetAddress.getByName("127.0.0.1")))
                .isTrue();
        assertThat(Addresses.isOfThisMachine(InetAddress.getByName("192.0.2.77")))
                .isFalse();
    }
}
