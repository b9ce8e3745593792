package io.caravan.tests.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Asks the gateway of its machine the same again and again, whatever happens, and keeps what it was told. */
final class Questioner implements AutoCloseable {
    private static final Duration LONGEST = Duration.ofSeconds(150);
    private static final long REST_MS = 100;
    private static final int TOKENS = 150;

    private final Machine machine;
    private final String command;
    private final ConcurrentLinkedQueue<String> answers = new ConcurrentLinkedQueue<>();
    private final Thread thread = new Thread(this::run, "questioner");
    private final String expected;
    private volatile boolean closed;

    private Questioner(Machine machine, String name) {
        this.machine = machine;
        command = """
                curl -sN --max-time 120 http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' -d '{
                  "messages": [{"role": "user", "content": "Who is %s?"}],
                  "stream": true, "temperature": 0, "max_tokens": %d, "ignore_eos": true}'
                """.formatted(name, TOKENS);
        expected = ask();
        assertThat(expected).isNotEmpty();
    }

    /** Asks once undisturbed, and begins. */
    static Questioner start(Machine machine, String name) {
        var questioner = new Questioner(machine, name);
        questioner.thread.setDaemon(true);
        questioner.thread.start();
        return questioner;
    }

    private void run() {
        while (!closed) {
            String answer = ask();
            if (!answer.isEmpty()) {
                answers.add(answer);
            }
            Await.pause(REST_MS);
        }
    }

    private String ask() {
        return CurlStream.start(machine, command).awaitWhatCame(LONGEST);
    }

    /** All since the last time are right as far as they go; the number of those that are whole. */
    long checkAnswers() {
        var since = List.copyOf(answers);
        answers.removeAll(since);
        assertThat(since).allSatisfy(answer -> assertThat(expected).startsWith(answer));
        return since.stream().filter(expected::equals).count();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
