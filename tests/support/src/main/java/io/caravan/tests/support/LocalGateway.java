package io.caravan.tests.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code caravan up} on free ports, as a process of its own, from the installation that the build made; for tests that
 * talk to Caravan as its users do.
 */
public final class LocalGateway implements AutoCloseable {
    private static final Pattern SERVING = Pattern.compile("Serving (\\S+) at (\\S+) \\(gRPC (\\S+)\\)");
    private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(50);

    private final Process process;
    private final Thread atExit;
    private final URI http;
    private final String grpc;

    private LocalGateway(Process process, Thread atExit, URI http, String grpc) {
        this.process = process;
        this.atExit = atExit;
        this.http = http;
        this.grpc = grpc;
    }

    /**
     * Starts it with the shipped model and waits until it serves.
     *
     * @param dist the installation
     * @param home folder for its logs and state
     * @param arguments of {@code up}, beside the ports
     */
    public static LocalGateway start(Path dist, Path home, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + dist.resolve("jvm.options"),
                "@" + dist.resolve("kernels.options"),
                "-Dcaravan.dist=" + dist,
                "-cp",
                dist.resolve("lib") + "/*",
                "io.caravan.cli.Caravan",
                "up",
                "--port=0",
                "--grpc-port=0"));
        command.addAll(arguments);
        try {
            Files.createDirectories(home);
            Path output = home.resolve("up.out");
            var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().put("CARAVAN_HOME", home.toString());
            Process process = builder.start();
            var atExit = new Thread(process::destroyForcibly);
            Runtime.getRuntime().addShutdownHook(atExit);
            Matcher serving = awaitServing(process, output);
            return new LocalGateway(process, atExit, URI.create(serving.group(2)), serving.group(3));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Matcher awaitServing(Process process, Path output) throws IOException {
        long deadlineNs = System.nanoTime() + START_TIMEOUT.toNanos();
        while (System.nanoTime() < deadlineNs && process.isAlive()) {
            Matcher serving = SERVING.matcher(Files.readString(output));
            if (serving.find()) {
                return serving;
            }
            pause();
        }
        process.destroyForcibly();
        throw new AssertionError("caravan up did not serve; it said:\n" + Files.readString(output));
    }

    private static void pause() {
        try {
            Thread.sleep(POLL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Where HTTP is served, as {@code http://127.0.0.1:45000}. */
    public URI http() {
        return http;
    }

    /** Where gRPC is served, as {@code 127.0.0.1:45001}. */
    public String grpc() {
        return grpc;
    }

    /** Ends it as Ctrl-C would. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
