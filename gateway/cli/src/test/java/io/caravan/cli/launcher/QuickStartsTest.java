package io.caravan.cli.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When the launcher makes the caches of quick starts, and that nothing goes wrong where that is cut short. */
class QuickStartsTest {
    private static final String WITHOUT = "started";
    private static final String WITH = "started gateway.aot";

    @TempDir
    private Path folder;

    private Checkout checkout;

    @BeforeEach
    void checkOut() throws IOException {
        checkout = Checkout.in(folder);
    }

    /** The folder can go when nobody writes to it. */
    @AfterEach
    void awaitEnd() throws Exception {
        for (String gate : List.of("maven", "native", "gateway")) {
            if (Files.exists(folder.resolve("gates").resolve(gate))) {
                checkout.open(gate);
            }
        }
        checkout.await("end of all processes", () -> checkout.processes().isEmpty());
    }

    @Test
    void shouldMakeThemBehindAStartAndUseThemTheNextTime() throws Exception {
        checkout.shut("native");

        assertThat(checkout.run("run", "hi").status())
                .as("while caches are being made")
                .isZero();
        checkout.awaitJournal("made gateway", 1);
        assertThat(checkout.caches()).as("before all are whole").isEmpty();
        checkout.open("native");
        checkout.awaitCaches(1);
        checkout.run("run", "hi");

        assertThat(checkout.caches()).containsExactly("gateway.aot", "native.aot");
        assertThat(checkout.journal())
                .startsWith("maven package")
                .contains(WITHOUT, "making native behind")
                .endsWith(WITH);
        assertThat(checkout.count("making native behind")).isEqualTo(1);
    }

    @Test
    void shouldMakeThemAnewAfterAChangeThatIsBuiltOnce() throws Exception {
        checkout.run("build");
        assertThat(checkout.journal()).contains("made gateway", "made native");

        checkout.edit("// a comment");
        checkout.run("run", "hi");
        checkout.awaitCaches(1);
        checkout.run("run", "hi");

        assertThat(checkout.count("maven package")).isEqualTo(2);
        assertThat(checkout.journal())
                .containsSubsequence("made gateway", WITHOUT)
                .endsWith(WITH);
    }

    @Test
    void shouldKeepThemWhereAChangeMakesTheSameJars() throws Exception {
        checkout.run("build");

        Files.setLastModifiedTime(checkout.source(), FileTime.from(Instant.now()));
        checkout.run("run", "hi");

        assertThat(checkout.count("maven package")).isEqualTo(2);
        assertThat(checkout.journal()).endsWith(WITH);
    }

    @Test
    void shouldMakeThemAnewForAnotherJdkOrWhereOneIsGone() throws Exception {
        checkout.run("build");

        checkout.release("25.0.4");
        checkout.run("run", "hi");
        checkout.awaitCaches(1);
        Files.delete(checkout.dist().resolve("native.aot"));
        checkout.run("run", "hi");
        checkout.awaitCaches(2);
        checkout.run("run", "hi");

        assertThat(checkout.count(WITHOUT)).isEqualTo(2);
        assertThat(checkout.journal()).endsWith(WITH);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void shouldCountWhatTestMadeAsABuildWhetherTheTestsPassOrNot(int status) throws Exception {
        var tested = checkout.run(Map.of("TESTS_END_WITH", "" + status), "test");
        checkout.run("run", "hi");

        assertThat(tested.status()).isEqualTo(status);
        assertThat(checkout.journal()).startsWith("maven package", "maven verify");
        assertThat(checkout.count("maven package")).isEqualTo(1);
        if (status == 0) {
            assertThat(checkout.journal()).contains("making native").endsWith(WITH);
        }
    }

    @Test
    void shouldBuildOnceForTwoThatStartAtOnceAndMakeOneSetOfCaches() throws Exception {
        checkout.shut("maven");
        checkout.shut("native");

        var first = checkout.start(Map.of(), List.of(), "run", "hi");
        var second = checkout.start(Map.of(), List.of(), "up");
        checkout.awaitJournal("maven package", 1);
        checkout.open("maven");
        var outcomes = List.of(Checkout.end(first), Checkout.end(second));
        checkout.awaitJournal("made gateway", 1);
        checkout.run("run", "hi");
        checkout.open("native");
        checkout.awaitCaches(1);

        assertThat(outcomes).allMatch(outcome -> outcome.status() == 0);
        assertThat(outcomes).anyMatch(outcome -> outcome.said().contains("Waiting for another build"));
        assertThat(checkout.count("maven package")).isEqualTo(1);
        assertThat(checkout.count("making native behind")).isEqualTo(1);
        assertThat(checkout.count("making gateway behind")).isEqualTo(1);
        assertThat(checkout.count(WITHOUT)).isEqualTo(3);
    }

    @Test
    void shouldLeaveNothingBehindWhereAMakingIsKilled() throws Exception {
        checkout.run("build");
        checkout.edit("// a comment");
        checkout.shut("native");
        checkout.shut("gateway");
        checkout.run("run", "hi");
        checkout.awaitJournal("making native behind", 1);
        checkout.awaitJournal("making gateway behind", 1);
        var left = checkout.scratch();

        killMakers();
        checkout.open("native");
        checkout.open("gateway");
        checkout.run("run", "hi");
        checkout.awaitCaches(2);
        checkout.run("run", "hi");

        assertThat(left).hasSize(1).noneMatch(Files::exists);
        assertThat(checkout.dist().resolve("native.aot")).hasContent("whole");
        assertThat(checkout.dist().resolve("gateway.aot")).hasContent("whole");
        assertThat(checkout.journal()).endsWith(WITH);
    }

    /** All processes of the making, as a power cut does. */
    private void killMakers() throws Exception {
        var makers = checkout.processes();
        assertThat(makers).isNotEmpty();
        makers.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle maker : makers) {
            maker.onExit().get();
        }
    }

    @Test
    void shouldNotTryAgainAtOnceWhereTheyCannotBeMade() throws Exception {
        checkout.shut("fails");

        checkout.run("run", "hi");
        checkout.awaitJournal("making worker behind", 1);
        checkout.await("end of the making", () -> Files.exists(checkout.dist().resolve(".prepared")));
        checkout.run("run", "hi");
        var told = checkout.run("prepare");

        assertThat(checkout.count("making worker behind")).isEqualTo(1);
        assertThat(checkout.count("making worker")).isEqualTo(1);
        assertThat(told.status()).isEqualTo(1);
        assertThat(told.said()).contains("quick starts could not be prepared; what was printed is in ");
        assertThat(checkout.caches()).isEmpty();
    }

    @Test
    void shouldMakeNoneWhereNobodyWantsThem() throws Exception {
        checkout.run(Map.of("CARAVAN_PREPARE", "no"), "up");
        checkout.run("bench");
        checkout.run("version");

        assertThat(checkout.journal()).containsExactly("maven package", WITHOUT, WITHOUT, WITHOUT);
    }

    @Test
    @EnabledIf("mayMount")
    void shouldRunFromAFolderThatCannotBeWrittenAndSayWhatCannotBeDoneThere() throws Exception {
        checkout.run(Map.of("CARAVAN_PREPARE", "no"), "run", "hi");
        var ran = runReadOnly("run", "hi");
        var prepared = runReadOnly("prepare");
        checkout.edit("// a comment");
        var stale = runReadOnly("run", "hi");

        assertThat(ran).isEqualTo(new Checkout.Outcome(0, ""));
        assertThat(prepared.status()).isEqualTo(1);
        assertThat(prepared.said())
                .isEqualTo("caravan: quick starts cannot be prepared: " + checkout.dist() + " is not writable.\n");
        assertThat(stale.status()).isEqualTo(1);
        assertThat(stale.said()).isEqualTo("caravan: cannot build: " + checkout.home() + " is not writable.\n");
        assertThat(checkout.journal()).containsExactly("maven package", WITHOUT, WITHOUT);
    }

    private Checkout.Outcome runReadOnly(String... arguments) throws Exception {
        var readOnly = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
        var by = List.of(
                "unshare", "--mount", "sh", "-c", readOnly, checkout.home().toString());
        return Checkout.end(checkout.start(Map.of(), by, arguments));
    }

    /** Not every user may; CI's may. */
    static boolean mayMount() throws IOException, InterruptedException {
        return System.getenv("CI") != null
                || new ProcessBuilder("unshare", "--mount", "true").start().waitFor() == 0;
    }
}
