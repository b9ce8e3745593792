package io.caravan.tests.browser;

import io.caravan.tests.support.LocalGateway;
import io.caravan.tests.support.NeedsProgram;
import io.caravan.tests.support.NodeFolder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The chat page in a headless Chromium, before a gateway with a pipeline of two stages. */
@NeedsProgram({"node", "npm", "chromium"})
class ChatPageTest {
    private static final Duration TIMEOUT = Duration.ofMinutes(5);
    private static final Path TARGET = Path.of("target").toAbsolutePath();

    @Test
    void shouldServeAPersonInABrowser() {
        var node = NodeFolder.install(Path.of("src/test/node"), TARGET.resolve("node"));
        Path dist = Path.of("../../gateway/cli/target/dist").toAbsolutePath().normalize();
        try (var gateway = LocalGateway.start(dist, TARGET.resolve("home"), List.of("--workers=0", "--stages=2"))) {
            node.test(
                    "chat-page.test.mjs",
                    Map.of(
                            "CARAVAN_URL", gateway.http().toString(),
                            "SCREENSHOTS", TARGET.resolve("screenshots").toString()),
                    TIMEOUT);
        }
    }
}
