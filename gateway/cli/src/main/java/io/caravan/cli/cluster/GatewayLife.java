package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import io.caravan.cli.membership.Acquaintances;
import io.caravan.cli.membership.Fate;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** A gateway for workers of other machines, as long as it is one member of its cluster. */
public final class GatewayLife implements Incarnations.Life {
    private final PipelineHost host;
    private final GatewayFront front;

    private GatewayLife(PipelineHost host, GatewayFront front) {
        this.host = host;
        this.front = front;
    }

    /** Begins to join, and opens the gateway's ports. */
    public static GatewayLife begin(
            String verb, Config config, Path modelDirectory, Acquaintances acquaintances, RunningStates states) {
        var host = PipelineHost.start(config, modelDirectory, Set.of(), acquaintances);
        try {
            return new GatewayLife(host, GatewayFront.start(verb, config, modelDirectory, host, states, List::of));
        } catch (RuntimeException e) {
            host.close();
            throw e;
        }
    }

    /** Where it is reached and what it serves. */
    public RunningState state() {
        return front.state();
    }

    /** Completes once it takes part in the pipeline. */
    public CompletionStage<Void> agreed() {
        return host.member().agreed();
    }

    @Override
    public Fate awaitEnd() {
        return host.member().awaitEnd();
    }

    @Override
    public Config keepPorts(Config config) {
        return host.member().keepPort(front.keepPorts(config));
    }

    @Override
    public void abandon() {
        front.abandon();
        host.abandon();
    }

    @Override
    public void close() {
        front.close();
        host.close();
    }
}
