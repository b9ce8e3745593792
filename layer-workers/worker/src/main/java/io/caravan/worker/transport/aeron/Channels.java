package io.caravan.worker.transport.aeron;

import io.aeron.ChannelUriStringBuilder;
import io.aeron.CommonContext;
import io.caravan.proto.link.LinkEndpoint;

/** Aeron's names of the ways to an inbox. */
final class Channels {
    private Channels() {}

    /** Shared memory, for subscribers. */
    static String ipc() {
        return CommonContext.IPC_CHANNEL;
    }

    /** A UDP port of this host, for subscribers. */
    static String udp(String host, int port) {
        return new ChannelUriStringBuilder()
                .media(CommonContext.UDP_MEDIA)
                .endpoint(hostAndPort(host, port))
                .build();
    }

    /** The way to {@code target}, for a publisher that uses the driver named {@code driverId}. */
    static String to(LinkEndpoint target, String driverId, AeronSettings settings) {
        ChannelUriStringBuilder channel = new ChannelUriStringBuilder().termLength(settings.termBytes());
        if (target.driverId().equals(driverId)) {
            return channel.media(CommonContext.IPC_MEDIA)
                    .mtu(settings.ipcMessageBytes())
                    .build();
        }
        return channel.media(CommonContext.UDP_MEDIA)
                .mtu(settings.mtu().to(target.host()))
                .endpoint(hostAndPort(target.host(), target.port()))
                .build();
    }

    private static String hostAndPort(String host, int port) {
        boolean bareIpv6 = host.indexOf(':') >= 0 && !host.startsWith("[");
        return (bareIpv6 ? "[" + host + "]" : host) + ":" + port;
    }
}
