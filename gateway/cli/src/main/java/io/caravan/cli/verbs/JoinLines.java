package io.caravan.cli.verbs;

import io.caravan.cli.address.Addresses;
import io.caravan.cli.address.HostAndPort;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;

/** What a gateway says of how workers join it. */
final class JoinLines {
    private JoinLines() {}

    /**
     * The command for workers, and how to let other machines in where it is of use on this one only.
     *
     * @param address of the gateway, by number
     */
    static String of(String address, Path log) {
        String command = "caravan worker --join " + address + "   (log: " + log + ")%n";
        if (!isLoopback(address)) {
            return ("Workers join with: " + command).formatted();
        }
        String reachable = Addresses.ofThisMachine().stream()
                .findFirst()
                .map(Addresses::text)
                .orElse("ADDRESS");
        return ("Workers join with: " + command
                        + "Only this machine can join so; for others start it with --cluster-host " + reachable + "%n")
                .formatted();
    }

    private static boolean isLoopback(String address) {
        try {
            return InetAddress.getByName(HostAndPort.parse(address).host()).isLoopbackAddress();
        } catch (UnknownHostException named) {
            return false;
        }
    }
}
