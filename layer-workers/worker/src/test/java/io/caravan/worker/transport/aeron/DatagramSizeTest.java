package io.caravan.worker.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatagramSizeTest {
    private static final DatagramSize AUTO = Settings.DEFAULTS.mtu();
    private static final int IPV4_AND_UDP = 28;

    @ParameterizedTest
    @CsvSource({
        "1500, 28, 1408", // Ethernet
        "1500, 48, 1408",
        "1450, 28, 1408", // VXLAN
        "1420, 28, 1376", // WireGuard
        "1400, 48, 1344",
        "1280, 48, 1216", // the least of IPv6
        "576, 28, 1024", // the least of Aeron
        "4096, 28, 4064",
        "9000, 28, 8192", // jumbo frames
        "65536, 28, 8192",
    })
    void shouldFitIntoAPacket(int packetBytes, int headerBytes, int bytes) {
        assertThat(DatagramSize.OfThePath.within(packetBytes, headerBytes)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost"})
    void shouldBeLargeWithinThisMachine(String host) {
        assertThat(AUTO.to(host)).isEqualTo(8192);
    }

    @Test
    void shouldBeLargeToThisMachinesOtherAddresses() throws SocketException {
        assertThat(NetworkInterface.networkInterfaces()
                        .flatMap(NetworkInterface::inetAddresses)
                        .map(InetAddress::getHostAddress))
                .allSatisfy(address -> assertThat(AUTO.to(address)).isEqualTo(8192));
    }

    @Test
    void shouldBeSmallToOtherMachinesUnlessAllNetworksCarryMore() throws SocketException, UnknownHostException {
        var outside = NetworkInterface.networkInterfaces()
                .filter(network -> network.inetAddresses().anyMatch(each -> !each.isLoopbackAddress()))
                .mapToInt(DatagramSizeTest::packetBytes)
                .map(packetBytes -> DatagramSize.OfThePath.within(packetBytes, IPV4_AND_UDP))
                .max();

        assertThat(AUTO.to("192.0.2.77")).isBetween(1024, outside.orElse(1408));
        assertThat(AUTO.to("no-such-host.invalid")).isEqualTo(1408);
    }

    private static int packetBytes(NetworkInterface network) {
        try {
            return network.getMTU();
        } catch (SocketException gone) {
            return 0;
        }
    }

    @Test
    void shouldBeWhatIsConfigured() {
        assertThat(Settings.with("mtu", "1408").mtu().to("127.0.0.1")).isEqualTo(1408);
    }
}
