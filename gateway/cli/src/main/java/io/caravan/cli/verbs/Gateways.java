package io.caravan.cli.verbs;

import com.typesafe.config.Config;
import io.caravan.cli.CliException;
import io.caravan.cli.chat.ClientSettings;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

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
        var living = states.living().stream().filter(state -> !state.ending()).toList();
        var chosen = living.stream()
                .filter(state -> wanted(config, state))
                .map(state -> settings.at(state.httpUrl()))
                .limit(1)
                .toList();
        if (chosen.isEmpty()) {
            requireModel(config, living);
        }
        return chosen;
    }

    private static boolean wanted(Config config, RunningState state) {
        String model = config.getString("caravan.model");
        return model.isBlank() || state.isCalled(model) || absolute(model).equals(state.modelDirectory());
    }

    /** What is neither a running model nor a folder is most likely a name: who mistypes it looks for one that runs. */
    private static void requireModel(Config config, List<RunningState> living) {
        String model = config.getString("caravan.model");
        if (!model.isBlank() && !Files.exists(Path.of(model))) {
            throw new CliException(
                    model.contains("/")
                            ? "there is no model " + absolute(model)
                                    + (living.isEmpty() ? "" : "; " + described(living))
                            : "no model '" + model + "' runs here, and there is no folder or file of that name; "
                                    + described(living));
        }
    }

    private static String absolute(String model) {
        return Path.of(model).toAbsolutePath().normalize().toString();
    }

    /** What runs, for messages. */
    static String described(List<RunningState> living) {
        return living.isEmpty()
                ? "nothing runs"
                : living.stream()
                        .map(state -> state.model() + " at " + state.httpUrl() + " (pid " + state.pid() + ")")
                        .collect(Collectors.joining(", ", "these run: ", ""));
    }
}
