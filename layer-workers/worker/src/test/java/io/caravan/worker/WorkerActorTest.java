package io.caravan.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.actor.WorkerProtocol.Describe;
import io.caravan.proto.actor.WorkerProtocol.Refuse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WorkerActorTest {
    private static final Duration LONGEST = Duration.ofSeconds(5);
    private static final WorkerInfo INFO =
            new WorkerInfo("pekko://caravan@127.0.0.1:2551", "one", "0.1.0", 1, 2, 3, 4, "scalar");
    private static ActorTestKit kit;

    private final CompletableFuture<WorkerInfo> measurement = new CompletableFuture<>();
    private final CompletableFuture<String> refused = new CompletableFuture<>();

    @BeforeAll
    static void startSystem() {
        kit = ActorTestKit.create();
    }

    @AfterAll
    static void stopSystem() {
        kit.shutdownTestKit();
    }

    @Test
    void shouldDescribeItselfOnceItIsMeasured() {
        var worker = kit.spawn(WorkerActor.create(measurement, refused::complete));
        var asker = kit.<WorkerInfo>createTestProbe();
        worker.tell(new Describe(asker.ref()));
        asker.expectNoMessage(Duration.ofMillis(50));
        measurement.complete(INFO);

        assertThat(asker.receiveMessage(LONGEST)).isEqualTo(INFO);
        worker.tell(new Describe(asker.ref()));
        assertThat(asker.receiveMessage(LONGEST)).isEqualTo(INFO);
    }

    @Test
    void shouldPassOnWhyThePipelineWillNotHaveIt() throws Exception {
        var worker = kit.spawn(WorkerActor.create(measurement, refused::complete));
        worker.tell(new Refuse("version 0.2.0 is wanted"));

        assertThat(refused.get(5, TimeUnit.SECONDS)).isEqualTo("version 0.2.0 is wanted");
    }

    @Test
    void shouldHearARefusalAfterItsMeasurementToo() throws Exception {
        measurement.complete(INFO);
        var worker = kit.spawn(WorkerActor.create(measurement, refused::complete));
        var asker = kit.<WorkerInfo>createTestProbe();
        worker.tell(new Describe(asker.ref()));
        asker.receiveMessage(LONGEST);
        worker.tell(new Refuse("another model"));

        assertThat(refused.get(5, TimeUnit.SECONDS)).isEqualTo("another model");
    }

    @Test
    void shouldGiveUpWhenItCannotMeasureItself() throws Exception {
        kit.spawn(WorkerActor.create(measurement, refused::complete));
        measurement.completeExceptionally(new IllegalStateException("no vector unit"));

        assertThat(refused.get(5, TimeUnit.SECONDS)).contains("no vector unit");
    }
}
