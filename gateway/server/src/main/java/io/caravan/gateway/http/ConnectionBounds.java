package io.caravan.gateway.http;

import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.japi.function.Procedure;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.BidiShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.stream.stage.AbstractInHandler;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * Between a connection and what answers it: ends the connection where no request comes in time. It exists from the moment
 * that the connection is accepted, so that a TLS handshake and a request's head that never end count too; a body has a time
 * of its own.
 */
final class ConnectionBounds extends GraphStage<BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse>> {
    private static final Object TIMER = "no request";

    private final Connections connections;
    private final Procedure<Connections.Entry> known;
    private final Inlet<HttpRequest> requestIn = Inlet.create("request.in");
    private final Outlet<HttpRequest> requestOut = Outlet.create("request.out");
    private final Inlet<HttpResponse> responseIn = Inlet.create("response.in");
    private final Outlet<HttpResponse> responseOut = Outlet.create("response.out");

    /**
     * The bounds of one connection.
     *
     * @param known hears of the connection before its first request does
     */
    ConnectionBounds(Connections connections, Procedure<Connections.Entry> known) {
        this.connections = connections;
        this.known = known;
    }

    @Override
    public BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse> shape() {
        return BidiShape.of(requestIn, requestOut, responseIn, responseOut);
    }

    @Override
    public GraphStageLogic createLogic(Attributes attributes) {
        return new Bounded();
    }

    private final class Bounded extends TimerGraphStageLogic {
        private final AsyncCallback<NotUsed> leave = createAsyncCallback(unused -> completeStage());
        private final AsyncCallback<NotUsed> answered = createAsyncCallback(unused -> idle());
        private Connections.Entry entry;

        private Bounded() {
            super(ConnectionBounds.this.shape());
            setHandler(requestIn, new AbstractInHandler() {
                @Override
                public void onPush() {
                    cancelTimer(TIMER);
                    entry.busy();
                    push(requestOut, grab(requestIn));
                }

                @Override
                public void onUpstreamFinish() {
                    complete(requestOut);
                }
            });
            setHandler(requestOut, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    pull(requestIn);
                }

                @Override
                public void onDownstreamFinish(Throwable cause) {
                    cancel(requestIn, cause);
                }
            });
            setHandler(responseIn, new AbstractInHandler() {
                @Override
                public void onPush() {
                    push(responseOut, watched(grab(responseIn)));
                }
            });
            setHandler(responseOut, new AbstractOutHandler() {
                @Override
                public void onPull() {
                    pull(responseIn);
                }
            });
        }

        @Override
        public void preStart() throws Exception {
            entry = connections.open(() -> leave.invoke(NotUsed.getInstance()));
            known.apply(entry);
            scheduleOnce(TIMER, connections.requestTimeout());
        }

        @Override
        public void postStop() {
            entry.closed();
        }

        @Override
        public void onTimer(Object timer) {
            completeStage();
        }

        /** A stream's answer is given when its last piece is. */
        private HttpResponse watched(HttpResponse response) {
            if (response.entity().isStrict()) {
                idle();
                return response;
            }
            Flow<ByteString, ByteString, NotUsed> pieces = Flow.<ByteString>create()
                    .watchTermination((unused, ended) -> {
                        ended.whenComplete((Done done, Throwable failure) -> answered.invoke(NotUsed.getInstance()));
                        return NotUsed.getInstance();
                    });
            return response.transformEntityDataBytes(pieces);
        }

        private void idle() {
            entry.idle();
            scheduleOnce(TIMER, connections.idleTimeout());
        }
    }
}
