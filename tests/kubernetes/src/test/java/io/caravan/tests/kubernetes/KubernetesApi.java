package io.caravan.tests.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodListBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;

/**
 * The one request of the Kubernetes API that Caravan makes, over HTTPS: the pods of its namespace that carry a label, for
 * whoever shows the service account's token. Everything else is forbidden, as the manifests' role has it.
 *
 * @param account folder of the service account's files, as a pod has them: ca.crt, namespace, token
 */
record KubernetesApi(HttpsServer server, Path account, List<Pod> pods, List<String> refused) implements AutoCloseable {
    private static final String NAMESPACE = "caravan";
    private static final String TOKEN = "the-service-account's-token";
    private static final ObjectMapper JSON = new ObjectMapper();

    static KubernetesApi start(Path folder) throws IOException, GeneralSecurityException {
        var identity = new Certificates(folder).selfSigned("kubernetes", "ip:127.0.0.1");
        Files.copy(identity.certificate(), folder.resolve("ca.crt"));
        Files.writeString(folder.resolve("namespace"), NAMESPACE);
        Files.writeString(folder.resolve("token"), TOKEN);
        var server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context(identity.store())));
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        var api = new KubernetesApi(server, folder, new CopyOnWriteArrayList<>(), new CopyOnWriteArrayList<>());
        server.createContext("/", api::answer);
        server.start();
        return api;
    }

    private static SSLContext context(Path store) throws IOException, GeneralSecurityException {
        try (var in = Files.newInputStream(store)) {
            var keys = KeyStore.getInstance("PKCS12");
            keys.load(in, Certificates.PASSWORD.toCharArray());
            var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, Certificates.PASSWORD.toCharArray());
            var context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), new TrustManager[0], new SecureRandom());
            return context;
        }
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            var request = exchange.getRequestMethod() + " " + exchange.getRequestURI();
            var path = exchange.getRequestURI().getPath();
            var query = String.valueOf(exchange.getRequestURI().getRawQuery());
            boolean allowed = exchange.getRequestMethod().equals("GET")
                    && path.equals("/api/v1/namespaces/" + NAMESPACE + "/pods")
                    && query.startsWith("labelSelector=")
                    && ("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"));
            if (!allowed) {
                refused.add(request);
                exchange.sendResponseHeaders(403, -1);
                return;
            }
            var selector = URLDecoder.decode(query.substring("labelSelector=".length()), StandardCharsets.UTF_8);
            var body = list(selector);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private byte[] list(String selector) throws JsonProcessingException {
        var label = selector.split("=", 2);
        var selected = pods.stream()
                .filter(pod -> label[1].equals(pod.getMetadata().getLabels().get(label[0])))
                .toList();
        return JSON.writeValueAsBytes(new PodListBuilder().withItems(selected).build());
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
