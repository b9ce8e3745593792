package io.caravan.scheduler.placement;

import java.util.List;

/** What placement found. */
public sealed interface PlacementOutcome {

    /**
     * A place for every stage.
     *
     * @param kvBlockCount blocks that every stage has room for
     * @param spares addresses of workers that host nothing
     */
    record Placed(List<StagePlace> stages, int kvBlockCount, List<String> spares) implements PlacementOutcome {
        public Placed {
            stages = List.copyOf(stages);
            spares = List.copyOf(spares);
        }
    }

    /** No place; {@code why} says what is needed and what there is, worker by worker. */
    record Impossible(String why) implements PlacementOutcome {}
}
