package io.caravan.proto.actor;

/** Names a stage: the pipeline it belongs to and its place in it. */
public record StageId(String pipeline, int index) {
    static final char SEPARATOR = '~';

    public StageId {
        if (pipeline.isBlank() || pipeline.indexOf(SEPARATOR) >= 0 || index < 0) {
            throw new IllegalArgumentException(
                    "a stage id needs a pipeline without '~' and an index >= 0, not " + pipeline + " and " + index);
        }
    }

    /** This id as one word. */
    public String entityId() {
        return pipeline + SEPARATOR + index;
    }

    /** The stage that {@link #entityId()} made {@code entityId} of. */
    public static StageId parse(String entityId) {
        int at = entityId.lastIndexOf(SEPARATOR);
        if (at < 1) {
            throw new IllegalArgumentException("not a stage's entity id: " + entityId);
        }
        return new StageId(entityId.substring(0, at), Integer.parseInt(entityId.substring(at + 1)));
    }
}
