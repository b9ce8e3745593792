package io.caravan.cli.verbs;

import io.caravan.cli.config.Setting;
import java.util.List;
import picocli.CommandLine.Option;

/** Where and to whom a gateway listens. */
final class HttpFlags {
    @Setting(key = "caravan.gateway.http.host", env = "CARAVAN_HOST")
    @Option(
            names = "--host",
            paramLabel = "HOST",
            description = "Address to listen on; 0.0.0.0 lets other machines in. [CARAVAN_HOST]")
    private String host;

    @Setting(key = "caravan.gateway.http.port", env = "CARAVAN_PORT")
    @Option(
            names = {"-p", "--port"},
            paramLabel = "PORT",
            description = "HTTP port; 0: any free one. [CARAVAN_PORT]")
    private Integer port;

    @Setting(key = "caravan.gateway.grpc.port", env = "CARAVAN_GRPC_PORT")
    @Option(names = "--grpc-port", paramLabel = "PORT", description = "gRPC port; 0: any free one. [CARAVAN_GRPC_PORT]")
    private Integer grpcPort;

    @Setting(key = "caravan.gateway.api-keys", env = "CARAVAN_API_KEYS")
    @Option(
            names = "--api-keys",
            paramLabel = "KEY",
            split = ",",
            description = "Bearer tokens of which requests need one. [CARAVAN_API_KEYS]")
    private List<String> apiKeys;

    @Setting(key = "caravan.gateway.model-name", env = "CARAVAN_MODEL_NAME")
    @Option(
            names = "--model-name",
            paramLabel = "NAME",
            description = "What clients call the model. [CARAVAN_MODEL_NAME]")
    private String modelName;

    @Setting(key = "caravan.gateway.allow-special-in-content", env = "CARAVAN_ALLOW_SPECIAL_IN_CONTENT")
    @Option(
            names = "--allow-special-in-content",
            negatable = true,
            fallbackValue = "true",
            description = "Let chat messages write control tokens, as </s>. [CARAVAN_ALLOW_SPECIAL_IN_CONTENT]")
    private Boolean allowSpecialInContent;
}
