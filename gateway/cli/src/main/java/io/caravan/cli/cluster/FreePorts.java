package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Looks whether a gateway's ports are free, so that a port in use is told at once and not when everything else runs. */
public final class FreePorts {
    private FreePorts() {}

    /** @throws CliException that names the flag of the first port which is taken */
    public static void check(Config config) {
        var gateway = config.getConfig("caravan.gateway");
        String host = gateway.getString("http.host");
        check(host, gateway.getInt("http.port"), "HTTP", "--port");
        if (gateway.getBoolean("grpc.enabled")) {
            check(host, gateway.getInt("grpc.port"), "gRPC", "--grpc-port");
        }
    }

    private static void check(String host, int port, String what, String flag) {
        if (port < 0 || port > 65535) {
            throw new CliException(flag + " must be a port from 0 to 65535, not " + port);
        }
        try (var socket = new ServerSocket()) { // of port 0: any free one
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(host, port));
        } catch (IOException taken) {
            if (port != 0) {
                check(host, 0, what, flag);
            } else {
                throw new CliException(
                        "cannot serve " + what + " on " + host + " (" + taken.getMessage()
                                + "); --host wants an address of this machine, or 0.0.0.0 for all of them",
                        taken);
            }
            throw new CliException(
                    "cannot serve " + what + " on " + host + ":" + port + " (" + taken.getMessage() + "); " + flag
                            + " chooses another port, 0 any free one",
                    taken);
        }
    }
}
