package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.Progress;
import io.caravan.cli.chat.ClientSettings;
import io.caravan.cli.chat.Conversation;
import io.caravan.cli.chat.GatewayClient;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.home.RunningStates;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;

/** A verb that talks to a model: through the gateway that runs, or one brought up for as long as the verb lasts. */
abstract class TalkingVerb extends Verb {
    @Mixin
    private ClientFlags client;

    @Mixin
    private AnswerFlags answer;

    @Mixin
    private LocalFlags local;

    @Mixin
    private PipelineFlags pipeline;

    @Mixin
    private ComputeFlags compute;

    @Override
    public final Integer call() {
        var config = settings(Map.of());
        pipeline.check(config);
        check();
        logToFile();
        try (var shutdown = new Shutdown()) {
            talk(open(config, shutdown));
        }
        return OK;
    }

    /** Refuses what makes no sense, before anything is started for it. */
    void check() {}

    /** What there is to say. */
    abstract void talk(Conversation conversation);

    private Conversation open(Config config, Shutdown shutdown) {
        var settings = Gateways.running(config, new RunningStates(home().run())).stream()
                .findFirst()
                .map(this::asItRuns)
                .orElseGet(() -> ClientSettings.from(config).at(bringUp(config, shutdown)));
        var gateway = shutdown.add(new GatewayClient(settings));
        return new Conversation(gateway, gateway.model(named(config)), settings.system());
    }

    /** What runs already does not change for one who talks to it. */
    private ClientSettings asItRuns(ClientSettings gateway) {
        List<String> flags = given("local", "pipeline", "compute");
        if (!flags.isEmpty()) {
            throw new CliException(
                    String.join(", ", flags) + (flags.size() == 1 ? " does" : " do")
                            + " nothing to the gateway that runs at " + gateway.url()
                            + ": leave that out, or stop the gateway first (./caravan stop), and one is started for this alone");
        }
        return gateway;
    }

    /** The model's name, where the gateway is named and only it can know whether it serves that one. */
    private static String named(Config config) {
        String model = config.getString("caravan.model");
        return config.getString("caravan.client.url").isEmpty() || model.contains("/") ? "" : model;
    }

    /** The address of a gateway of this process's own. */
    private String bringUp(Config config, Shutdown shutdown) {
        return LocalServing.startPrivately(
                        name(), config, home(), workerArguments(), shutdown, Progress.onStandardError())
                .state()
                .httpUrl();
    }
}
