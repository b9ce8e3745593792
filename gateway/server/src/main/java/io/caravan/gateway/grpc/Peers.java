package io.caravan.gateway.grpc;

import io.caravan.gateway.connection.Connection;
import io.caravan.gateway.connection.Connections;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.channel.socket.SocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import java.net.SocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts connections from the moment that they are accepted. gRPC knows them no earlier than when all handshakes are done,
 * so this is the socket that accepts them, and a call finds its own by the address that it came from.
 */
final class Peers extends ServerTransportFilter {
    /** The one that a call came by. */
    static final Attributes.Key<Connection> CONNECTION = Attributes.Key.create("connection");

    private final Connections connections;
    private final Map<SocketAddress, Connection> peers = new ConcurrentHashMap<>();

    Peers(Connections connections) {
        this.connections = connections;
    }

    NioServerSocketChannel socket() {
        return new Accepting();
    }

    @Override
    public Attributes transportReady(Attributes transport) {
        Connection connection = peers.get(transport.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
        if (connection == null) {
            throw new IllegalStateException("the connection is closed");
        }
        return transport.toBuilder().set(CONNECTION, connection).build();
    }

    private final class Accepting extends NioServerSocketChannel {
        @Override
        protected int doReadMessages(List<Object> accepted) throws Exception {
            int count = super.doReadMessages(accepted);
            if (count > 0) {
                count((SocketChannel) accepted.getLast());
                acceptWhileThereIsRoom();
            }
            return count;
        }

        private void count(SocketChannel channel) {
            Connection connection = connections.open();
            SocketAddress address = channel.remoteAddress();
            if (address == null) {
                connection.finish(); // it has gone again
            } else {
                peers.put(address, connection);
            }
            channel.closeFuture().addListener(closed -> {
                if (address != null) {
                    peers.remove(address);
                }
                connection.closed();
                acceptWhileThereIsRoom();
            });
            channel.pipeline().addFirst(new ChannelInboundHandlerAdapter() {
                @Override
                public void handlerAdded(ChannelHandlerContext context) {
                    connection.whenOver(context::close); // past gRPC, which would keep it for its handshakes
                }
            });
        }

        private synchronized void acceptWhileThereIsRoom() {
            config().setAutoRead(!connections.full());
        }
    }
}
