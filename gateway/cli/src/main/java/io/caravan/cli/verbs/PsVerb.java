package io.caravan.cli.verbs;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.cli.CliException;
import io.caravan.cli.chat.ClientSettings;
import io.caravan.cli.chat.GatewayClient;
import io.caravan.cli.home.RunningState;
import io.caravan.cli.home.RunningStates;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** What runs. */
@Command(name = "ps", description = "Show the gateways that run, their workers, and their stages.")
public final class PsVerb extends Verb {
    private static final String PATIENCE = "10 s";
    private static final int NO_ANSWER = 1;

    @Mixin
    private ClientFlags client;

    @Override
    public Integer call() {
        var settings = ClientSettings.from(settings(Map.of("caravan.client.timeout", PATIENCE)));
        if (!settings.url().isEmpty()) {
            System.out.println("gateway   " + settings.url());
            showPipeline(settings);
            return OK;
        }
        var living = new RunningStates(home().run()).living();
        if (living.isEmpty()) {
            System.out.println("Nothing runs. './caravan up' starts a local cluster.");
        }
        int status = OK;
        for (RunningState state : living) {
            System.out.printf(
                    "gateway   %s   gRPC %s   cluster %s   pid %d (%s%s)%n",
                    state.httpUrl(),
                    state.grpcAddress(),
                    state.clusterAddress(),
                    state.pid(),
                    state.verb(),
                    state.ending() ? ", ending" : "");
            try {
                showPipeline(settings.at(state.httpUrl()));
            } catch (CliException silent) { // the others may well answer
                System.out.println("problem   " + silent.getMessage());
                status = NO_ANSWER;
            }
        }
        return status;
    }

    private static void showPipeline(ClientSettings settings) {
        try (var gateway = new GatewayClient(settings)) {
            show(gateway.get("/status"));
        }
    }

    private static void show(JsonNode status) {
        System.out.printf(
                "model     %s   %s   epoch %d, %d recoveries%s%n",
                status.path("model").asText(),
                status.path("serving").asBoolean()
                        ? "serving"
                        : "not serving: " + status.path("message").asText(),
                status.path("epoch").asLong(),
                status.path("recoveries").asLong(),
                status.path("recoveries").asLong() > 0
                        ? String.format(
                                Locale.ROOT,
                                " (last pause %.1f s)",
                                status.path("lastPauseNs").asLong() / 1e9)
                        : "");
        System.out.printf(
                "requests  %d running, %d waiting   KV blocks %d of %d%n",
                status.path("running").asInt(),
                status.path("waiting").asInt(),
                status.path("kvBlocksUsed").asInt(),
                status.path("kvBlocksTotal").asInt());
        for (JsonNode note : status.path("notes")) {
            System.out.println("note      " + note.asText());
        }
        System.out.printf(
                "%n%5s  %-10s %-12s %-8s %-18s %9s %10s  %s%n",
                "stage", "layers", "worker", "state", "kernels", "weights", "KV", "in memory as");
        for (JsonNode stage : status.path("stages")) {
            System.out.printf(
                    "%5d  %-10s %-12s %-8s %-18s %9s %10s  %s%n",
                    stage.path("index").asInt(),
                    stage.path("firstLayer").asInt() + ".."
                            + (stage.path("endLayer").asInt() - 1),
                    workerName(status, stage.path("worker").asText()),
                    stage.path("state").asText().toLowerCase(Locale.ROOT),
                    stage.path("kernels").asText(),
                    size(stage.path("weightBytes").asLong()),
                    size(stage.path("kvBytes").asLong()),
                    stage.path("weights").asText());
        }
        System.out.printf("%n%-12s %-40s %8s %8s %9s %s%n", "worker", "address", "pid", "threads", "memory", "kernels");
        for (JsonNode worker : status.path("workers")) {
            System.out.printf(
                    "%-12s %-40s %8d %8d %9s %s%n",
                    worker.path("name").asText(),
                    worker.path("address").asText(),
                    worker.path("pid").asLong(),
                    worker.path("threadCount").asInt(),
                    size(worker.path("memoryBytes").asLong()),
                    worker.path("kernels").asText());
        }
    }

    private static String workerName(JsonNode status, String address) {
        for (JsonNode worker : status.path("workers")) {
            if (worker.path("address").asText().equals(address)) {
                return worker.path("name").asText();
            }
        }
        return address.isEmpty() ? "-" : address;
    }

    private static String size(long bytes) {
        if (bytes >= 1 << 30) {
            return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
        }
        return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
    }
}
