package io.caravan.gateway.http;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/**
 * Paths and who answers them. Pekko HTTP's directives would do, but their rejections take more code to turn into one
 * shape of error than this table, and a table can be listed.
 */
public final class Routes {

    /** Answers one kind of request. */
    @FunctionalInterface
    public interface Handler {
        /** The response, in time; fails with {@link ApiException} for an error that is the client's to know. */
        CompletionStage<HttpResponse> handle(ApiCall call);
    }

    private final Map<String, Map<HttpMethod, Handler>> byPath = new HashMap<>();
    private final Set<String> open = new HashSet<>();
    private final Set<String> reserved = new HashSet<>();

    /** Answers GET, and HEAD without the body. */
    public Routes get(String path, Handler handler) {
        return add(HttpMethods.GET, path, handler).add(HttpMethods.HEAD, path, handler);
    }

    /** Answers POST. */
    public Routes post(String path, Handler handler) {
        return add(HttpMethods.POST, path, handler);
    }

    /** Answers everybody on the paths so far: those without a key, and while the gateway ends. */
    public Routes forEverybody() {
        open.addAll(byPath.keySet());
        return this;
    }

    /** Answers those who watch the gateway on the paths so far, also where all connections are at work. */
    public Routes forWatchers() {
        reserved.addAll(byPath.keySet());
        return this;
    }

    /** Adds all of {@code others}. */
    public Routes and(Routes others) {
        open.addAll(others.open);
        reserved.addAll(others.reserved);
        others.byPath.forEach((path, methods) -> methods.forEach((method, handler) -> add(method, path, handler)));
        return this;
    }

    private Routes add(HttpMethod method, String path, Handler handler) {
        if (byPath.computeIfAbsent(path, each -> new HashMap<>()).put(method, handler) != null) {
            throw new IllegalArgumentException("two handlers for " + method.name() + " " + path);
        }
        return this;
    }

    /**
     * Who answers.
     *
     * @throws ApiException 404 for an unknown path, 405 for a known one
     */
    Handler find(HttpMethod method, String path) {
        Map<HttpMethod, Handler> methods = byPath.get(path);
        if (methods == null) {
            throw new ApiException(new ApiError(
                    404, "there is nothing at " + Outside.echo(path), ApiError.Type.INVALID_REQUEST, "", "not_found"));
        }
        Handler handler = methods.get(method);
        if (handler == null) {
            throw new ApiException(new ApiError(
                    405,
                    path + " answers " + String.join(" and ", methods(path)) + ", not " + Outside.echo(method.name()),
                    ApiError.Type.INVALID_REQUEST,
                    "",
                    "method_not_allowed"));
        }
        return handler;
    }

    /** Whether a request for {@code path} needs no key. */
    boolean isForEverybody(String path) {
        return open.contains(path);
    }

    /** Whether a request for {@code path} is answered where there is no place for others. */
    boolean isForWatchers(String path) {
        return reserved.contains(path);
    }

    /** Names of the methods that {@code path} answers, in order; none where there is nothing. */
    Set<String> methods(String path) {
        var known = new TreeSet<String>();
        byPath.getOrDefault(path, Map.of()).keySet().forEach(each -> known.add(each.name()));
        return known;
    }
}
