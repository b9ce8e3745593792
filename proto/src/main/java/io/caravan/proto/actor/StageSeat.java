package io.caravan.proto.actor;

/**
 * A stage on a worker: the entity, and shard, that Cluster Sharding knows.
 *
 * <p>The worker is part of its identity, so that a stage that placement moves is another entity. It can start on its new
 * worker at once, while the cluster has yet to agree that the old worker is gone, and which of two it is that answers is
 * never in doubt.
 *
 * @param worker address of the worker's actor system
 */
public record StageSeat(StageId stage, String worker) {

    /** The entity id, and shard id, of this seat. */
    public String entityId() {
        return stage.entityId() + StageId.SEPARATOR + worker;
    }

    /** The seat that {@link #entityId()} made {@code entityId} of. */
    public static StageSeat parse(String entityId) {
        int second = entityId.indexOf(StageId.SEPARATOR, entityId.indexOf(StageId.SEPARATOR) + 1);
        if (second < 0) {
            throw new IllegalArgumentException("not a seat's entity id: " + entityId);
        }
        return new StageSeat(StageId.parse(entityId.substring(0, second)), entityId.substring(second + 1));
    }
}
