package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.chat.ClientSettings;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.util.List;

/** Finds the gateway that a verb is to talk to. */
final class Gateways {
    private Gateways() {}

    /**
     * Settings that lead to a gateway which runs already: the one that is named, or the youngest on this machine that
     * serves the wanted model. Empty where there is none.
     */
    static List<ClientSettings> running(Config config, RunningStates states) {
        var settings = ClientSettings.from(config);
        if (!settings.url().isEmpty()) {
            return List.of(settings);
        }
        return states.living().stream()
                .filter(state -> wanted(config, state))
                .map(state -> settings.at(state.httpUrl()))
                .limit(1)
                .toList();
    }

    private static boolean wanted(Config config, RunningState state) {
        String model = config.getString("caravan.model");
        return model.isBlank()
                || model.equals(state.model())
                || ModelArgument.directory(config).toString().equals(state.modelDirectory());
    }
}
