package io.caravan.proto.actor;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import org.apache.pekko.cluster.sharding.typed.ShardingEnvelope;
import org.junit.jupiter.api.Test;

class StageShardingTest {

    @Test
    void shouldMakeEachStageOnEachWorkerAShardOfItsOwn() {
        var seat = new StageSeat(new StageId("main", 3), "pekko://caravan@10.0.0.7:4711");
        var envelope = new ShardingEnvelope<StageProtocol.Command>(seat.entityId(), new StageProtocol.Unload());
        var extractor = StageSharding.extractor();

        assertThat(extractor.entityId(envelope)).isEqualTo(seat.entityId());
        assertThat(extractor.shardId(extractor.entityId(envelope))).isEqualTo(seat.entityId());
        assertThat(extractor.unwrapMessage(envelope)).isEqualTo(new StageProtocol.Unload());
        assertThat(StageSeat.parse(seat.entityId())).isEqualTo(seat);
    }

    @Test
    void shouldSetWhatAClusterOfStagesNeeds() {
        var config = ConfigFactory.parseResources("caravan-cluster.conf")
                .withFallback(ConfigFactory.defaultReference())
                .resolve()
                .getConfig("pekko.cluster");

        assertThat(config.getString("sharding.passivation.strategy")).isEqualTo("none");
        assertThat(config.getDuration("sharding.retry-interval")).isEqualTo(Duration.ofMillis(100));
        assertThat(config.getDuration("down-removal-margin")).isEqualTo(Duration.ofMillis(50));
        assertThat(config.getString("downing-provider-class")).isEmpty();
        assertThat(config.getBoolean("allow-weakly-up-members")).isFalse();
        assertThat(config.getDuration("retry-unsuccessful-join-after")).isEqualTo(Duration.ofSeconds(2));
        assertThat(config.getDuration("failure-detector.acceptable-heartbeat-pause"))
                .isEqualTo(Duration.ofSeconds(15));
    }
}
