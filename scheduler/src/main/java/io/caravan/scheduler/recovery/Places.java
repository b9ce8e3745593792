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
    /** Whether {@link #find} found only places with other kernels. */
    private boolean waits;

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
    boolean lose(String worker, long nowNs) {
        boolean hit = false;
        for (StageSlot slot : slots) {
            if (slot.placed && slot.place.worker().equals(worker)) {
                slot.lose(nowNs);
                hit = true;
            }
        }
        return hit;
    }

    /** Finds a worker for every stage that has none; returns whether all have one now. */
    boolean find(Collection<WorkerInfo> workers, long nowNs) {
        waits = false;
        var candidates = List.copyOf(workers);
        boolean fresh = slots.stream().allMatch(slot -> !slot.placed && slot.unfit.isEmpty());
        return fresh ? placeAll(candidates, nowNs) : replaceLost(candidates, nowNs);
    }

    /** When a stage ceases to wait for a worker with the kernels that it had; {@code laterNs} where none does, or that is sooner. */
    long waitsUntilNs(long laterNs) {
        return slots.stream()
                .filter(slot -> waits && !slot.placed)
                .mapToLong(slot -> slot.lostSinceNs + settings.equalKernelsNs())
                .filter(untilNs -> untilNs - laterNs < 0)
                .min()
                .orElse(laterNs);
    }

    /** Whether a lost stage had better not go where {@code placed} says, because a worker with its kernels may yet come. */
    private boolean waitsForKernels(
            StageSlot lost, PlacementOutcome.Placed placed, List<WorkerInfo> workers, long nowNs) {
        String address = placeOf(lost.index(), placed).worker();
        String kernels = workers.stream()
                .filter(worker -> worker.address().equals(address))
                .map(WorkerInfo::kernels)
                .findFirst()
                .orElseThrow();
        boolean other = !lost.kernels.isEmpty() && !lost.kernels.equals(kernels);
        if (!other || nowNs - lost.lostSinceNs >= settings.equalKernelsNs()) {
            return false;
        }
        waits = true;
        missing = "stage " + lost.index() + " waits up to " + settings.equalKernelsNs() / 1_000_000_000
                + " s for a worker with kernels " + lost.kernels + ", as it had: those of " + kernels
                + " would give other bits";
        return true;
    }

    private boolean placeAll(List<WorkerInfo> workers, long nowNs) {
        if (slots.isEmpty() && workers.size() < settings.minWorkers()) {
            missing = workers.size() + " of " + settings.minWorkers() + " workers have joined";
            return false;
        }
        return switch (placement.place(settings.stageCount(), workers)) {
            case PlacementOutcome.Placed placed -> {
                if (slots.stream().anyMatch(lost -> waitsForKernels(lost, placed, workers, nowNs))) {
                    yield false;
                }
                replaced |= !slots.isEmpty();
                take(placed);
                yield true;
            }
            case PlacementOutcome.Impossible impossible -> {
                missing = impossible.why();
                yield false;
            }
        };
    }

    private void take(PlacementOutcome.Placed placed) {
        var before = List.copyOf(slots);
        slots.clear();
        for (StagePlace place : placed.stages()) {
            slots.add(before.isEmpty() ? new StageSlot(place) : new StageSlot(place, before.get(place.index())));
        }
        kvBlockCount = placed.kvBlockCount();
    }

    private boolean replaceLost(List<WorkerInfo> workers, long nowNs) {
        for (StageSlot slot : slots) {
            if (!slot.placed && !replace(slot, workers, nowNs)) {
                return false;
            }
        }
        return true;
    }

    private boolean replace(StageSlot lost, List<WorkerInfo> workers, long nowNs) {
        var kept = slots.stream()
                .filter(slot -> slot.placed)
                .map(slot -> slot.place)
                .toList();
        var replacement = new Replacement(placement, slots.size(), kvBlockCount);
        return switch (replacement.replace(lost.place, kept, workers, lost.kernels, lost.unfit)) {
            case PlacementOutcome.Placed placed -> {
                if (waitsForKernels(lost, placed, workers, nowNs)) {
                    yield false;
                }
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
