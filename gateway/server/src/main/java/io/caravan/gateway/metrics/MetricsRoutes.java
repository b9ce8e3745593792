package io.caravan.gateway.metrics;

import io.caravan.gateway.health.PipelineMonitor;
import io.caravan.gateway.http.Routes;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.util.ByteString;

/** {@code /metrics}. */
public final class MetricsRoutes {
    private MetricsRoutes() {}

    /**
     * The route.
     *
     * @param open whether it needs no key
     */
    public static Routes of(
            PrometheusMeterRegistry registry, PipelineMetrics pipeline, PipelineMonitor monitor, boolean open) {
        ContentType text = ContentTypes.parse("text/plain; version=0.0.4; charset=utf-8");
        var routes = new Routes()
                .get(
                        "/metrics",
                        call -> monitor.view().thenApply(view -> {
                            pipeline.update(view.status());
                            return HttpResponse.create().withEntity(text, ByteString.fromString(registry.scrape()));
                        }))
                .forWatchers();
        return open ? routes.forEverybody() : routes;
    }
}
