package io.caravan.gateway.health;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.http.ApiError;
import io.caravan.gateway.http.DrainGate;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.http.Responses;
import io.caravan.gateway.http.Routes;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** {@code /health}: the process lives. {@code /health/ready}: every stage is covered and tokens come out. */
public final class HealthRoutes {
    private HealthRoutes() {}

    public static Routes of(PipelineMonitor monitor, DrainGate gate, String version) {
        return new Routes()
                .get("/health", call -> Responses.now(ok()))
                .get("/health/ready", call -> monitor.view().thenApply(view -> ready(view, gate, call.keyed())))
                .get("/version", call -> Responses.now(version(version)))
                .forEverybody()
                .forWatchers();
    }

    /** Why not is for those who may ask for {@code /status} too. */
    private static HttpResponse ready(PipelineMonitor.View view, DrainGate gate, boolean keyed) {
        if (view.serving() && !gate.closed()) {
            return ok();
        }
        String why = gate.closed() ? "this gateway is shutting down" : Outside.words(view.problem());
        return Responses.error(ApiError.unavailable(keyed ? why : "not ready"));
    }

    private static HttpResponse ok() {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("status", "ok");
        return Responses.json(body);
    }

    private static HttpResponse version(String version) {
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.put("version", version);
        return Responses.json(body);
    }
}
