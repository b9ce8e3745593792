package io.caravan.cli.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import io.caravan.cli.Caravan;
import io.caravan.cli.Progress;
import io.caravan.cli.chat.ClientSettings;
import io.caravan.cli.chat.Conversation;
import io.caravan.cli.chat.GatewayClient;
import io.caravan.cli.config.Settings;
import io.caravan.cli.home.RunningStates;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole path within one process: gateway, scheduler, sharding, Aeron, and the shipped model in two stages. */
class LocalClusterTest {
    private static final Path SHIPPED = Path.of(System.getProperty("caravan.dist"), "models", "tiny-chat");

    @TempDir
    private Path folder;

    @Test
    void shouldAnswerFromTheShippedModelInTwoStages() {
        var config = config("--workers", "0", "--stages", "2", "--threads", "1", "--port", "0", "--grpc-port", "0");
        var states = new RunningStates(folder);
        try (var shutdown = new Shutdown()) {
            var cluster =
                    shutdown.add(LocalCluster.start(config, SHIPPED, LocalSettings.from(config, 1), List.of(), folder));
            var front =
                    shutdown.add(GatewayFront.start("up", config, SHIPPED, cluster.host(), states, cluster::notices));

            var status = cluster.awaitServing(Progress.onStandardError());

            assertThat(status.stages()).hasSize(2);
            assertThat(states.living()).containsExactly(front.state());
            assertThat(answer(config, front.state().httpUrl())).isEqualTo("7 plus 5 is 12.");
        }
        assertThat(states.living()).isEmpty();
    }

    private static String answer(Config config, String url) {
        try (var client = new GatewayClient(ClientSettings.from(config).at(url))) {
            var heard = new StringBuilder();
            new Conversation(client, client.model(""), "").say("What is 7 plus 5?", heard::append);
            return heard.toString();
        }
    }

    /** That of {@code caravan up}, where the model gives its likeliest answers. */
    private static Config config(String... flags) {
        var line = Stream.concat(Stream.of("up"), Stream.of(flags)).toArray(String[]::new);
        var up = Caravan.commandLine(Map.of()).parseArgs(line).subcommand();
        return Settings.load(up.commandSpec(), Path.of(""), Map.of("caravan.client.temperature", 0));
    }
}
