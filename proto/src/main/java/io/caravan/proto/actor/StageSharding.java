package io.caravan.proto.actor;

import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.sharding.typed.ShardingEnvelope;
import org.apache.pekko.cluster.sharding.typed.ShardingMessageExtractor;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.apache.pekko.cluster.typed.Cluster;

/**
 * How stages are sharded, the same on every member: one stage on one worker is one entity is one shard, so that the
 * allocation of shards places stages. Placement puts them on members with {@link SchedulerProtocol#WORKER_ROLE}.
 */
public final class StageSharding {

    /** The type of the sharded stages. */
    public static final EntityTypeKey<StageProtocol.Command> TYPE_KEY =
            EntityTypeKey.create(StageProtocol.Command.class, SchedulerProtocol.STAGE_TYPE);

    private StageSharding() {}

    /** Shard id and entity id are both {@link StageSeat#entityId()}. */
    public static ShardingMessageExtractor<ShardingEnvelope<StageProtocol.Command>, StageProtocol.Command> extractor() {
        return new ShardingMessageExtractor<>() {
            @Override
            public String entityId(ShardingEnvelope<StageProtocol.Command> envelope) {
                return envelope.entityId();
            }

            @Override
            public String shardId(String entityId) {
                return entityId;
            }

            @Override
            public StageProtocol.Command unwrapMessage(ShardingEnvelope<StageProtocol.Command> envelope) {
                return envelope.message();
            }
        };
    }

    /**
     * Takes part in the sharding of stages, which every member must. Stages start on workers only; but the one who gives
     * shards out, the coordinator, runs on the oldest member, and that had better be a gateway: when a worker dies, nothing
     * but its own stages is to be lost.
     *
     * @param stage makes a stage; never asked on a member that is no worker
     */
    public static void init(ActorSystem<?> system, Function<StageId, Behavior<StageProtocol.Command>> stage) {
        Cluster cluster = Cluster.get(system);
        ClusterSharding.get(system)
                .init(Entity.of(
                                TYPE_KEY,
                                context -> stage.apply(
                                        StageSeat.parse(context.getEntityId()).stage()))
                        .withMessageExtractor(extractor())
                        .withAllocationStrategy(new PlacementAllocation(
                                cluster.selfMember().address().toString(), worker -> isMember(cluster, worker))));
    }

    private static boolean isMember(Cluster cluster, String address) {
        for (Member member : cluster.state().getMembers()) {
            if (member.address().toString().equals(address)) {
                return member.status() != MemberStatus.down() && member.status() != MemberStatus.removed();
            }
        }
        return false;
    }

    /** A stage on a worker; the asking member must have called {@link #init}. */
    public static EntityRef<StageProtocol.Command> stage(ActorSystem<?> system, StageSeat seat) {
        return ClusterSharding.get(system).entityRefFor(TYPE_KEY, seat.entityId());
    }
}
