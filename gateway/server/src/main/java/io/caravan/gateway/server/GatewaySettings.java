package io.caravan.gateway.server;

import com.typesafe.config.Config;
import io.caravan.gateway.connection.ConnectionLimits;
import io.caravan.gateway.generation.GenerationLimits;
import io.caravan.gateway.memory.MemoryLimits;
import java.time.Duration;
import java.util.List;

/**
 * The gateway's settings, {@code caravan.gateway}; what each means stands in {@code reference.conf}.
 *
 * @param modelName empty takes the checkpoint's own name
 */
public record GatewaySettings(
        Http http,
        Grpc grpc,
        List<String> apiKeys,
        String modelName,
        boolean allowSpecialInContent,
        Duration deadline,
        GenerationLimits generation,
        MemoryLimits memory,
        int maxSequencesPerRequest,
        int maxStopStrings,
        Duration statusMaxAge,
        Duration statusTimeout,
        Duration drainTimeout,
        boolean vllmNames,
        boolean openMetrics) {

    public GatewaySettings {
        apiKeys = List.copyOf(apiKeys);
        require(apiKeys.stream().noneMatch(String::isBlank), "api-keys", "not be blank", "a blank one");
        require(deadline.isPositive(), "deadline", "be positive", deadline);
        require(maxSequencesPerRequest > 0, "max-sequences-per-request", "be at least 1", maxSequencesPerRequest);
        require(maxStopStrings >= 0, "max-stop-strings", "be at least 0", maxStopStrings);
        require(statusTimeout.isPositive(), "status.timeout", "be positive", statusTimeout);
        require(!drainTimeout.isNegative(), "drain-timeout", "not be negative", drainTimeout);
    }

    /** The HTTP server's. */
    public record Http(
            String host,
            int port,
            long maxBodyBytes,
            Duration bodyTimeout,
            ConnectionLimits connections,
            Duration keepAlive,
            List<String> corsOrigins,
            Tls tls) {
        public Http {
            corsOrigins = List.copyOf(corsOrigins);
            requirePort("http.port", port);
            require(!host.isBlank(), "http.host", "not be blank", "blank");
            require(maxBodyBytes > 0, "http.max-body-bytes", "be positive", maxBodyBytes);
            requireConnections("http", connections);
            require(bodyTimeout.isPositive(), "http.body-timeout", "be positive", bodyTimeout);
            require(keepAlive.isPositive(), "http.keep-alive", "be positive", keepAlive);
        }
    }

    /**
     * The key of both servers; without files they serve without TLS.
     *
     * @param cert path of a PEM file with the certificate and those that signed it
     * @param key path of a PEM file with its RSA or EC key
     * @param keystore path of a PKCS #12 file with both
     */
    public record Tls(String cert, String key, String keystore, String password) {
        public Tls {
            require(cert.isEmpty() == key.isEmpty(), "http.tls.cert", "come with http.tls.key", cert + " and " + key);
            require(cert.isEmpty() || keystore.isEmpty(), "http.tls", "have cert and key or a keystore", "both");
        }

        /** Whether TLS is wanted. */
        public boolean enabled() {
            return !keystore.isEmpty() || !cert.isEmpty();
        }

        @Override
        public String toString() {
            return keystore.isEmpty() ? "cert=" + cert + ", key=" + key : "keystore=" + keystore;
        }
    }

    /** The gRPC server's. */
    public record Grpc(boolean enabled, int port, ConnectionLimits connections, int maxCallsPerConnection) {
        public Grpc {
            requirePort("grpc.port", port);
            requireConnections("grpc", connections);
            require(maxCallsPerConnection > 0, "grpc.max-calls-per-connection", "be positive", maxCallsPerConnection);
        }
    }

    /** Reads them from the root of a configuration. */
    public static GatewaySettings of(Config root) {
        Config config = root.getConfig("caravan.gateway");
        Http http = http(config.getConfig("http"));
        return new GatewaySettings(
                http,
                grpc(config.getConfig("grpc"), http.connections()),
                config.getStringList("api-keys"),
                config.getString("model-name"),
                config.getBoolean("allow-special-in-content"),
                config.getDuration("deadline"),
                new GenerationLimits(
                        config.getInt("generation.event-buffer"),
                        config.getDuration("generation.resubmit-after"),
                        config.getDuration("generation.deadline-grace")),
                new MemoryLimits(
                        config.getDouble("memory.heap-share"),
                        config.getInt("memory.max-waiting"),
                        config.getDuration("memory.max-wait")),
                config.getInt("max-sequences-per-request"),
                config.getInt("max-stop-strings"),
                config.getDuration("status.max-age"),
                config.getDuration("status.timeout"),
                config.getDuration("drain-timeout"),
                config.getBoolean("metrics.vllm-names"),
                config.getBoolean("metrics.open"));
    }

    private static Http http(Config config) {
        return new Http(
                config.getString("host"),
                config.getInt("port"),
                config.getBytes("max-body-bytes"),
                config.getDuration("body-timeout"),
                new ConnectionLimits(
                        config.getInt("max-connections"),
                        config.getInt("reserved-connections"),
                        config.getDuration("request-timeout"),
                        config.getDuration("idle-timeout")),
                config.getDuration("keep-alive"),
                config.getStringList("cors-origins"),
                new Tls(
                        config.getString("tls.cert"),
                        config.getString("tls.key"),
                        config.getString("tls.keystore"),
                        config.getString("tls.password")));
    }

    /** A connection may keep silent as long as one for HTTP. */
    private static Grpc grpc(Config config, ConnectionLimits http) {
        return new Grpc(
                config.getBoolean("enabled"),
                config.getInt("port"),
                new ConnectionLimits(
                        config.getInt("max-connections"),
                        config.getInt("reserved-connections"),
                        http.requestTimeout(),
                        http.idleTimeout()),
                config.getInt("max-calls-per-connection"));
    }

    /** Keys stay out of logs. */
    @Override
    public String toString() {
        return "GatewaySettings[http=" + http + ", grpc=" + grpc + ", apiKeys=" + apiKeys.size() + "]";
    }

    private static void requireConnections(String server, ConnectionLimits limits) {
        require(limits.most() > 0, server + ".max-connections", "be positive", limits.most());
        require(limits.reserved() > 0, server + ".reserved-connections", "be positive", limits.reserved());
        Duration request = limits.requestTimeout();
        require(request.isPositive(), "http.request-timeout", "be positive", request);
        require(limits.idleTimeout().isPositive(), "http.idle-timeout", "be positive", limits.idleTimeout());
    }

    private static void requirePort(String key, int port) {
        require(port >= 0 && port <= 65535, key, "be between 0 and 65535", port);
    }

    private static void require(boolean holds, String key, String rule, Object value) {
        if (!holds) {
            throw new IllegalArgumentException("caravan.gateway." + key + " must " + rule + ", not " + value);
        }
    }
}
