package io.caravan.scheduler.recovery;

import io.caravan.proto.actor.WorkerInfo;
import io.caravan.scheduler.placement.Placement;
import io.caravan.scheduler.placement.PlacementOutcome;
import io.caravan.scheduler.placement.Replacement;
import io.caravan.scheduler.placement.StagePlace;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** The stages of a pipeline and where each is to be. */
final class Places {
    private final ControlSettings settings;
    private final Placement placement;
    final List<StageSlot> slots = new ArrayList<>();
    private int kvBlockCount;
    private String missing = "no worker has joined";
    /** Whether a stage got another worker since this was last asked. */
    private boolean replaced;

    Places(ControlSettings settings, Placement placement) {
        this.settings = settings;
        this.placement = placement;
    }

    /** KV blocks of every stage. */
    int kvBlockCount() {
        return kvBlockCount;
    }

    /** Why {@link #find} found no place. */
    String missing() {
        return missing;
    }

    boolean takeReplaced() {
        boolean was = replaced;
        replaced = false;
        return was;
    }

    /** Marks the stages on a worker as lost; returns whether there were any. */
    boolean lose(String worker) {
        boolean hit = false;
        for (StageSlot slot : slots) {
            if (slot.placed && slot.place.worker().equals(worker)) {
                slot.placed = false;
                hit = true;
            }
        }
        return hit;
    }

    /** Finds a worker for every stage that has none; returns whether all have one now. */
    boolean find(Collection<WorkerInfo> workers) {
        var candidates = List.copyOf(workers);
        boolean fresh = slots.stream().allMatch(slot -> !slot.placed && slot.unfit.isEmpty());
        return fresh ? placeAll(candidates) : replaceLost(candidates);
    }

    private boolean placeAll(List<WorkerInfo> workers) {
        if (slots.isEmpty() && workers.size() < settings.minWorkers()) {
            missing = workers.size() + " of " + settings.minWorkers() + " workers have joined";
            return false;
        }
        return switch (placement.place(settings.stageCount(), workers)) {
            case PlacementOutcome.Placed placed -> {
                replaced |= !slots.isEmpty();
                slots.clear();
                placed.stages().forEach(place -> slots.add(new StageSlot(place)));
                kvBlockCount = placed.kvBlockCount();
                yield true;
            }
            case PlacementOutcome.Impossible impossible -> {
                missing = impossible.why();
                yield false;
            }
        };
    }

    private boolean replaceLost(List<WorkerInfo> workers) {
        for (StageSlot slot : slots) {
            if (!slot.placed && !replace(slot, workers)) {
                return false;
            }
        }
        return true;
    }

    private boolean replace(StageSlot lost, List<WorkerInfo> workers) {
        var kept = slots.stream()
                .filter(slot -> slot.placed)
                .map(slot -> slot.place)
                .toList();
        var replacement = new Replacement(placement, slots.size(), kvBlockCount);
        return switch (replacement.replace(lost.place, kept, workers, lost.kernels, lost.unfit)) {
            case PlacementOutcome.Placed placed -> {
                lost.place = placeOf(lost.index(), placed);
                lost.placed = true;
                kvBlockCount = placed.kvBlockCount();
                replaced = true;
                yield true;
            }
            case PlacementOutcome.Impossible impossible -> {
                missing = impossible.why() + (lost.failure.isEmpty() ? "" : " (" + lost.failure + ")");
                yield false;
            }
        };
    }

    /** Where several stages are lost, the outcome lists only those placed so far. */
    private static StagePlace placeOf(int index, PlacementOutcome.Placed placed) {
        return placed.stages().stream()
                .filter(place -> place.index() == index)
                .findFirst()
                .orElseThrow();
    }
}
