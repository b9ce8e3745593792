package io.caravan.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script that people start, as an installation in a folder with a space and an umlaut, in surroundings that servers have. */
class LauncherIT {
    private static final Path DIST = Path.of(System.getProperty("caravan.built"));
    private static final Path SCRIPT = Path.of("..", "..", "caravan").toAbsolutePath();
    private static final int LONGEST_WAIT_SECONDS = 120;
    private static final String QUESTION = "Grüße, 你好 😀?";
    private static final String ANSWER = "Schöne Grüße — 再见 👋";
    private static final String ANSWER_EVENT =
            "data: {\"choices\": [{\"delta\": {\"content\": \"" + ANSWER + "\"}}]}\n\ndata: [DONE]\n\n";

    @TempDir
    private static Path folder;

    private static Path installation;

    /** How a command ended. */
    private record Outcome(int status, String out, String err) {}

    @BeforeAll
    static void install() throws IOException {
        installation = Files.createDirectory(folder.resolve("für alle"));
        Files.copy(SCRIPT, installation.resolve("caravan"));
        try (Stream<Path> built = Files.list(DIST)) {
            for (Path each : built.filter(LauncherIT::isPartOfAnInstallation).toList()) {
                Files.createSymbolicLink(installation.resolve(each.getFileName()), each);
            }
        }
    }

    /** Caches and what tells of them are of the folder that they were made in. */
    private static boolean isPartOfAnInstallation(Path file) {
        String name = file.getFileName().toString();
        return !name.endsWith(".aot") && !name.startsWith(".");
    }

    /** The links lead to what stays. */
    @AfterAll
    static void uninstall() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path link : all.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }

    @Test
    void shouldStartWhereNobodySaysWhereHomeIs() throws Exception {
        var version = run(Map.of(), "caravan version");

        assertThat(version.err()).isEmpty();
        assertThat(version.out()).startsWith("caravan ");
        assertThat(version.status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"LANG=C", "LC_ALL=POSIX", "LANG=xx_YY.UTF-8"})
    void shouldSpeakUtf8WhateverTheLocale(String locale) throws Exception {
        var model = folder.resolve("模型 ä");
        if (!Files.exists(model)) {
            Files.createSymbolicLink(model, DIST.resolve("models").resolve("tiny-chat"));
        }
        var named = locale.split("=");

        var shown = run(Map.of(named[0], named[1]), "caravan show '" + model + "'");

        assertThat(shown.err()).isEmpty();
        assertThat(shown.out()).contains(model.toString());
    }

    @Test
    void shouldCarryQuestionsAndAnswersInUtf8WhateverTheLocale() throws Exception {
        BlockingQueue<String> asked = new LinkedBlockingQueue<>();
        var gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        gateway.createContext("/v1/models", exchange -> reply(exchange, "{\"data\": [{\"id\": \"tiny\"}]}"));
        gateway.createContext("/v1/chat/completions", exchange -> {
            asked.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
            reply(exchange, ANSWER_EVENT);
        });
        gateway.start();
        try {
            String url = "http://127.0.0.1:" + gateway.getAddress().getPort();
            Map<String, String> ascii = Map.of("LC_ALL", "C", "CARAVAN_URL", url);

            var ran = run(ascii, "caravan run '" + QUESTION + "'");
            var chatted = run(ascii, "printf '" + QUESTION + "' | caravan chat"); // a last line without its end

            assertThat(ran.out()).as(ran.err()).isEqualTo(ANSWER + "\n");
            assertThat(chatted.out()).as(chatted.err()).isEqualTo(ANSWER + "\n");
            assertThat(asked).hasSize(2).allMatch(body -> body.contains(QUESTION));
        } finally {
            gateway.stop(0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "up --help", "show"})
    void shouldNotEndWellOnAFullDisk(String line) throws Exception {
        assertThat(run(Map.of(), "caravan " + line + " >/dev/full")).isEqualTo(lost("No space left on device"));
    }

    @Test
    void shouldNotEndWellWhereNobodyReadsOn() throws Exception {
        var closed = run(Map.of(), "caravan version >&-");
        var pipe = run(Map.of(), "set -o pipefail; caravan help | true");

        assertThat(closed).isEqualTo(lost("Bad file descriptor"));
        assertThat(pipe).as("as after SIGPIPE").isEqualTo(new Outcome(141, "", ""));
    }

    @Test
    void shouldNotCallALostAnswerAnAnswer() throws Exception {
        var generated = run(Map.of(), "caravan generate --ids 1,5,9 -n 2 --threads 1 >/dev/full");

        assertThat(generated.status()).isEqualTo(1);
        assertThat(generated.err()).endsWith("caravan: cannot write to standard output: No space left on device\n");
    }

    @Test
    void shouldStartWithoutAWordWhereACacheIsOfNoUse() throws Exception {
        Path made = folder.resolve("made.aot");
        assertThat(run(Map.of("CARAVAN_JAVA_OPTS", "-Xlog:disable -XX:AOTCacheOutput=" + made), "caravan version")
                        .status())
                .isZero();
        byte[] whole = Files.readAllBytes(made);
        byte[] ofAnotherJdk = whole.clone();
        byte[] release = Runtime.version().toString().getBytes(UTF_8);
        ofAnotherJdk[indexOf(whole, release)]++;

        for (byte[] cache : List.of(
                whole,
                ofAnotherJdk,
                Arrays.copyOf(whole, whole.length / 2),
                Arrays.copyOf(whole, release.length),
                new byte[0])) {
            Path file = Files.write(folder.resolve("used.aot"), cache);
            var version = run(Map.of("CARAVAN_JAVA_OPTS", "-Xlog:aot=off -XX:AOTCache=" + file), "caravan version");
            assertThat(version.err()).isEmpty();
            assertThat(version.out()).startsWith("caravan ");
            assertThat(version.status()).isZero();
        }
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        for (int i = 0; i + part.length <= bytes.length; i++) {
            if (Arrays.mismatch(bytes, i, i + part.length, part, 0, part.length) < 0) {
                return i;
            }
        }
        throw new AssertionError("the cache does not name its JDK");
    }

    private static Outcome lost(String reason) {
        return new Outcome(1, "", "caravan: cannot write to standard output: " + reason + "\n");
    }

    private static void reply(HttpExchange exchange, String text) throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        try (var body = exchange.getResponseBody()) {
            body.write(bytes);
        }
    }

    /** Runs {@code line} in a shell that finds the installation, with nothing in its environment but {@code environment}. */
    private Outcome run(Map<String, String> environment, String line) throws Exception {
        var bash = new ArrayList<>(List.of("env"));
        environment.forEach((name, value) -> bash.add(name + "=" + value));
        bash.addAll(List.of("bash", "-c", line));
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        var builder = new ProcessBuilder(bash)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        String path = System.getenv("PATH");
        builder.environment().clear();
        builder.environment().put("PATH", installation + ":" + path);
        builder.environment().put("CARAVAN_HOME", folder.resolve("home").toString());
        builder.environment().put("CARAVAN_PREPARE", "no");
        builder.environment().put("CARAVAN_JAVA_HOME", System.getProperty("java.home"));
        var process = builder.start();
        if (!process.waitFor(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            throw new AssertionError(line + " did not end");
        }
        return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
    }
}
