package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.Progress;
import io.caravan.cli.chat.ClientSettings;
import io.caravan.cli.chat.Conversation;
import io.caravan.cli.chat.GatewayClient;
import io.caravan.cli.cluster.Shutdown;
import io.caravan.cli.home.CaravanHome;
import io.caravan.cli.home.RunningStates;
import java.util.List;

/** Finds a gateway to talk to, or brings one up for as long as the verb lasts. */
final class Talking {
    private Talking() {}

    /** A conversation with the running gateway that is meant, or with one of this process's own. */
    static Conversation open(
            String verb, Config config, CaravanHome home, List<String> workerArguments, Shutdown shutdown) {
        var progress = Progress.onStandardError();
        var settings = Gateways.running(config, new RunningStates(home.run())).stream()
                .findFirst()
                .orElseGet(() -> {
                    var directory = ModelArgument.directory(config);
                    var served = LocalServing.startPrivately(
                            verb, config, directory, home, workerArguments, shutdown, progress);
                    return ClientSettings.from(config).at(served.state().httpUrl());
                });
        var client = shutdown.add(new GatewayClient(settings));
        return new Conversation(client, client.model(), settings.system());
    }
}
