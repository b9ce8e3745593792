package io.caravan.cli;

import static io.caravan.cli.CommandLineFixture.run;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandLineTest {
    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    static Iterable<String> verbs() {
        return Caravan.commandLine(Map.of()).getSubcommands().keySet();
    }

    @Test
    void shouldListEveryVerbWithWhatItDoes() {
        var help = run("help");

        assertThat(help.status()).isZero();
        assertThat(help.out()).contains(verbs());
        assertThat(help.out().lines().filter(line -> line.startsWith("  ")).map(String::strip))
                .as("no verb without a description")
                .noneMatch(line -> line.matches("\\w+"));
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void shouldHelpWithEachVerb(String verb) {
        var help = run(verb, "--help");

        assertThat(help.status()).isZero();
        assertThat(help.out()).contains("Usage: caravan " + verb);
    }

    @ParameterizedTest
    @MethodSource("verbs")
    void shouldTellTheVariableOfEachFlagThatHasOne(String verb) {
        CommandLine command = Caravan.commandLine(Map.of()).getSubcommands().get(verb);

        assertThat(command.getCommandSpec().args())
                .filteredOn(each -> each.userObject() instanceof java.lang.reflect.Field field
                        && field.isAnnotationPresent(io.caravan.cli.config.Setting.class))
                .allSatisfy(
                        each -> assertThat(String.join(" ", each.description())).contains("[CARAVAN_"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            chatt               | Did you mean: caravan chat
            up --worker 3       | --workers
            up --workers many   | --workers
            ps --nonsense       | Unknown option: '--nonsense'
            logits . --ids 1,x  | 'x' is not an int
            bench -o yaml       | Invalid value for option '-o'
            generate .          | Missing required option: '--ids=ID'
            synth 7b            | Missing required parameter: 'DIR'
            """)
    void shouldRefuseWrongUsageAndSayWhatIsRight(String line, String message) {
        var outcome = run(line.split(" "));

        assertThat(outcome.status()).isEqualTo(WRONG_USAGE);
        assertThat(outcome.err()).startsWith("caravan: ").contains(message).doesNotContain("\tat ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            logits /no/such --ids 1         | there is no model /no/such
            run -m /no/such hello           | there is no model /no/such
            up --workers 1000               | --workers must be between 0 and 256, not 1000
            up --threads -1                 | --threads must be between 1 and 1024, not -1
            up --threads 1000000            | --threads must be between 1 and 1024, not 1000000
            up --workers -1                 | --workers must be between 0 and 256, not -1
            up --kernels gpu                | caravan.worker.kernels must be auto, native, vector or scalar, not gpu
            up --memory lots                | caravan.worker.memory must be auto, a share as 50%, or a size as "12 GiB", not lots
            up --cpus all                   | CPUs are listed as 0-3,8, not as all
            up --quantize q9                | caravan.pipeline.quantize must be none, bf16, q8_0, q4_0, q4_k or q6_k, not q9
            up --stages -1                  | caravan.pipeline.stages must be at least 0, not -1
            up --kv-tokens -1               | caravan.pipeline.kv.max-tokens must be at least 0, not -1
            up --port 99999                 | --port must be a port from 0 to 65535, not 99999
            serve --port 0 --grpc-port 0 --stages 99 | the model has 8 layers, which makes 1 to 8 stages, not 99
            serve --cluster-port 99999 --port 0 --grpc-port 0 | --cluster-port must be a port from 0 to 65535, not 99999
            generate --ids 1 --stages 99    | the model has 8 layers, which makes 1 to 8 stages, not 99
            run --max-tokens -3 hi          | --max-tokens must be at least 1, or 0 for the gateway's own default, not -3
            run --temperature NaN hi        | --temperature must be a number of at least 0, not NaN
            run --timeout -5s hi            | --timeout must be positive, as 120s, not -5000 ms
            run -m nomodel hi               | no model 'nomodel' runs here, and there is no folder or file of that name; nothing runs
            ps --url ftp://x                | --url needs an address as http://127.0.0.1:8080, not 'ftp://x'
            stop nosuch                     | no gateway with the model, port or process id 'nosuch' runs here; nothing runs
            bench -b 0                      | -b needs numbers of at least 1
            worker                          | a worker needs a member to join: --join HOST:PORT, as 'caravan ps' shows it
            worker --join here              | a member to join is given as HOST:PORT, not 'here'
            chat --url nowhere              | --url needs an address as http://127.0.0.1:8080, not 'nowhere'
            up --draft-tokens 4             | --draft-tokens does nothing where nothing is guessed: say --speculative prompt-lookup, or --draft-model FOLDER
            up --draft-model /x --speculative prompt-lookup | caravan.scheduler.speculative names a model (/x), and drafter = prompt-lookup guesses without one: take the model away (--draft-model), or say drafter = draft (--speculative draft)
            run --url http://127.0.0.1:9 --quantize q8_0 -t 2 hi | --threads, --quantize do nothing to the gateway that runs at http://127.0.0.1:9: leave that out, or stop the gateway first (./caravan stop), and one is started for this alone
            generate --ids 1 --processes --workers 2 | --processes starts a worker for each stage: say --stages N in place of --workers
            ps --config /no/such.conf       | the configuration file /no/such.conf cannot be read
            """)
    void shouldFailInOneLineThatSaysWhy(String line, String message) {
        var outcome = run(line.split(" "));

        assertThat(outcome.status()).isEqualTo(FAILED);
        assertThat(outcome.err()).isEqualTo("caravan: " + message + System.lineSeparator());
    }

    /** What no worker of this size can host is known from the model's sizes, whoever the workers are. */
    @ParameterizedTest
    @ValueSource(strings = {"up --port 0 --grpc-port 0 --memory 1KiB", "generate --ids 1 --memory 1KiB"})
    void shouldSayAtOnceThatTheWorkersHaveNoRoom(String line) {
        var outcome = run(line.split(" "));

        assertThat(outcome.status()).isEqualTo(FAILED);
        assertThat(outcome.err())
                .startsWith("caravan: the model in ")
                .contains("needs ")
                .contains("worker-1 has 1.0 KiB");
    }

    @Test
    void shouldNotAskForNothing() {
        assertThat(run("run", " ").err()).isEqualTo("caravan: there is no question: PROMPT is empty\n");
    }

    @Test
    void shouldTellAnAddressThatIsNotOfThisMachineFromAPortInUse() {
        assertThat(run("up", "--host", "192.0.2.1", "--port", "8080").err())
                .startsWith("caravan: cannot serve HTTP on 192.0.2.1 (")
                .contains("--host wants an address of this machine");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"up --port %d --grpc-port 0", "up --port 0 --grpc-port %d", "serve --port %d --grpc-port 0"})
    void shouldNameTheFlagOfAPortThatIsInUse(String line) throws IOException {
        try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String given = line.formatted(taken.getLocalPort());
            var outcome = run(given.split(" "));

            assertThat(outcome.status()).isEqualTo(FAILED);
            assertThat(outcome.err())
                    .contains("on 127.0.0.1:" + taken.getLocalPort())
                    .contains(
                            given.contains("--port " + taken.getLocalPort())
                                    ? "; --port chooses"
                                    : "; --grpc-port chooses");
        }
    }

    @Test
    void shouldCheckAVariableAsTheFlagThatItStandsFor() {
        var outcome = run(Map.of("CARAVAN_WORKERS", "two"), "up");

        assertThat(outcome.status()).isEqualTo(WRONG_USAGE);
        assertThat(outcome.err()).contains("'two' is not an int").contains("(from CARAVAN_WORKERS)");
    }

    @Test
    void shouldBlameTheFlagWhereOneIsGiven() {
        var outcome = run(Map.of("CARAVAN_WORKERS", "3"), "up", "--workers=two");

        assertThat(outcome.err()).contains("'two' is not an int").doesNotContain("CARAVAN_WORKERS");
    }

    @ParameterizedTest
    @ValueSource(strings = {"tcp://10.96.0.7:80", "udp://10.96.0.7:53", "sctp://[fd00::7]:9"})
    void shouldPassOverWhatKubernetesSaysOfAServiceOfThisName(String link) {
        var outcome = run(Map.of("CARAVAN_PORT", link), "serve", "--config", "/no/such.conf");

        assertThat(outcome.err().lines())
                .hasSize(2)
                .first()
                .asString()
                .startsWith("caravan: CARAVAN_PORT=" + link + " is passed over")
                .contains("enableServiceLinks: false");
        assertThat(outcome.err()).contains("/no/such.conf cannot be read");
    }

    @ParameterizedTest
    @ValueSource(strings = {"80 80", "tcp", "tcp://10.96.0.7", "http://10.96.0.7:80"})
    void shouldRefuseAPortThatNobodyElseWouldSet(String value) {
        var outcome = run(Map.of("CARAVAN_PORT", value), "serve");

        assertThat(outcome.status()).isEqualTo(WRONG_USAGE);
        assertThat(outcome.err()).contains("'" + value + "' is not an int").contains("(from CARAVAN_PORT)");
    }

    @Test
    void shouldAskWhetherAMisspeltVariableIsMeantForCaravan() {
        var environment = Map.of(
                "CARAVAN_STAGE", "2", // of another verb
                "CARAVAN_MODEL_NAME", "ours", // of another verb, and right
                "CARAVAN_SOMETHING_ELSE", "theirs",
                "CARAVAN_SERVICE_HOST", "10.96.0.7",
                "CARAVAN_HOSTS_PORT", "tcp://10.96.0.7:80");
        var outcome = run(environment, "ps", "--config", "/no/such.conf");

        assertThat(outcome.err().lines())
                .containsExactly(
                        "caravan: the variable CARAVAN_STAGE is no setting of Caravan; is CARAVAN_STAGES meant?",
                        "caravan: the configuration file /no/such.conf cannot be read");
    }
}
