package io.caravan.gateway.http;

import io.caravan.gateway.connection.Connection;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
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
import org.apache.pekko.util.ByteString;

/**
 * Between a connection and what answers it: tells when a request has come and when it is answered, and ends the connection
 * when it is over.
 */
final class ConnectionBounds extends GraphStage<BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse>> {
    private final Connection connection;
    private final Inlet<HttpRequest> requestIn = Inlet.create("request.in");
    private final Outlet<HttpRequest> requestOut = Outlet.create("request.out");
    private final Inlet<HttpResponse> responseIn = Inlet.create("response.in");
    private final Outlet<HttpResponse> responseOut = Outlet.create("response.out");

    ConnectionBounds(Connection connection) {
        this.connection = connection;
    }

    @Override
    public BidiShape<HttpRequest, HttpRequest, HttpResponse, HttpResponse> shape() {
        return BidiShape.of(requestIn, requestOut, responseIn, responseOut);
    }

    @Override
    public GraphStageLogic createLogic(Attributes attributes) {
        return new Bounded();
    }

    private final class Bounded extends GraphStageLogic {
        private final AsyncCallback<NotUsed> leave = createAsyncCallback(unused -> completeStage());

        private Bounded() {
            super(ConnectionBounds.this.shape());
            setHandler(requestIn, new AbstractInHandler() {
                @Override
                public void onPush() {
                    connection.begin();
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
        public void preStart() {
            connection.whenOver(() -> leave.invoke(NotUsed.getInstance()));
        }

        @Override
        public void postStop() {
            connection.finish();
        }

        /** A stream's answer is given when its last piece is. */
        private HttpResponse watched(HttpResponse response) {
            if (response.entity().isStrict()) {
                connection.end();
                return response;
            }
            Flow<ByteString, ByteString, NotUsed> pieces = Flow.<ByteString>create()
                    .watchTermination((unused, ended) -> {
                        ended.whenComplete((Done done, Throwable failure) -> connection.end());
                        return NotUsed.getInstance();
                    });
            return response.transformEntityDataBytes(pieces);
        }
    }
}
