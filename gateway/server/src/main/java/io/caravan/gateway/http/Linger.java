package io.caravan.gateway.http;

import io.caravan.gateway.connection.Connection;
import java.time.Duration;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.BidiShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.StreamTcpException;
import org.apache.pekko.stream.stage.AbstractInHandler;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Between a socket and all that speaks through it, TLS included. TLS does not let go of a connection before its handshake is
 * done, or before the client has said goodbye, and a socket not before all is sent: so a client that does none of it is given
 * a moment here once its connection is over, and then the socket is closed whatever it does.
 */
final class Linger extends GraphStage<BidiShape<ByteString, ByteString, ByteString, ByteString>> {
    private final Connection connection;
    private final Duration lingering;
    private final Inlet<ByteString> socketIn = Inlet.create("socket.in");
    private final Outlet<ByteString> above = Outlet.create("above.out");
    private final Inlet<ByteString> aboveIn = Inlet.create("above.in");
    private final Outlet<ByteString> socket = Outlet.create("socket.out");

    Linger(Connection connection, Duration lingering) {
        this.connection = connection;
        this.lingering = lingering;
    }

    @Override
    public BidiShape<ByteString, ByteString, ByteString, ByteString> shape() {
        return BidiShape.of(aboveIn, socket, socketIn, above);
    }

    @Override
    public GraphStageLogic createLogic(Attributes attributes) {
        return new Lingering();
    }

    private final class Lingering extends TimerGraphStageLogic {
        private final AsyncCallback<NotUsed> over = createAsyncCallback(unused -> over());
        private final AsyncCallback<NotUsed> cut = createAsyncCallback(unused -> cut());

        private Lingering() {
            super(Linger.this.shape());
            setHandler(socketIn, new AbstractInHandler() {
                @Override
                public void onPush() {
                    ByteString bytes = grab(socketIn);
                    if (isClosed(above)) {
                        pull(socketIn);
                    } else {
                        push(above, bytes);
                    }
                }

                @Override
                public void onUpstreamFinish() {
                    complete(above);
                    completeWhereBothAre();
                }
            });
            setHandler(above, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    pull(socketIn);
                }

                @Override
                public void onDownstreamFinish(Throwable cause) {
                    over();
                    if (!isClosed(socketIn) && !hasBeenPulled(socketIn)) {
                        pull(socketIn);
                    }
                }
            });
            setHandler(aboveIn, new AbstractInHandler() {
                @Override
                public void onPush() {
                    push(socket, grab(aboveIn));
                }

                @Override
                public void onUpstreamFinish() {
                    over();
                    complete(socket);
                    completeWhereBothAre();
                }
            });
            setHandler(socket, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    pull(aboveIn);
                }
            });
        }

        @Override
        public void preStart() {
            connection.whenCut(() -> cut.invoke(NotUsed.getInstance()));
            connection.whenOver(() -> over.invoke(NotUsed.getInstance()));
        }

        @Override
        public void postStop() {
            connection.closed();
        }

        private void completeWhereBothAre() {
            if (isClosed(socketIn) && isClosed(socket)) {
                completeStage();
            }
        }

        private void over() {
            if (!isTimerActive(this)) {
                scheduleOnce(this, lingering);
            }
        }

        @Override
        public void onTimer(Object timer) {
            cut();
        }

        private void cut() {
            failStage(new StreamTcpException("the connection is over"));
        }
    }
}
