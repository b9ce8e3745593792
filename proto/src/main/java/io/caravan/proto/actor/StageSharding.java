package io.caravan.proto.actor;

import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.sharding.typed.ShardingEnvelope;
import org.apache.pekko.cluster.sharding.typed.ShardingMessageExtractor;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;

/**
 * How stages are sharded, the same on every member: one stage is one entity is one shard, so that the allocation of shards
 * places stages. Members with {@link SchedulerProtocol#WORKER_ROLE} host them; others reach them through a proxy.
 */
public final class StageSharding {

    /** The type of the sharded stages. */
    public static final EntityTypeKey<StageProtocol.Command> TYPE_KEY =
            EntityTypeKey.create(StageProtocol.Command.class, SchedulerProtocol.STAGE_TYPE);

    private StageSharding() {}

    /** Shard id and entity id are both {@link StageId#entityId()}. */
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

    /** Starts the proxy on a member without the worker role, which may then use {@link #stage}. */
    public static void initProxy(ActorSystem<?> system) {
        ClusterSharding.get(system)
                .init(Entity.of(TYPE_KEY, context -> Behaviors.<StageProtocol.Command>empty())
                        .withMessageExtractor(extractor())
                        .withRole(SchedulerProtocol.WORKER_ROLE));
    }

    /** The stage, wherever it is; the member must have called {@link #initProxy} or host stages itself. */
    public static EntityRef<StageProtocol.Command> stage(ActorSystem<?> system, StageId stage) {
        return ClusterSharding.get(system).entityRefFor(TYPE_KEY, stage.entityId());
    }
}
