package io.caravan.scheduler.placement;

import io.caravan.proto.actor.WorkerInfo;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds another worker for a stage that was lost, while the others stay where they are.
 *
 * <p>A worker with the same kernels is preferred, because only it gives the same bits; then a spare, then the fastest.
 *
 * @param kvBlockCount blocks that the stages which stay have, and the lost one has to have too
 */
public record Replacement(Placement placement, int stageCount, int kvBlockCount) {

    /**
     * A place for {@code lost}.
     *
     * @param kept stages that stay
     * @param kernels what the lost stage computed with; empty where unknown
     * @param unfit addresses of workers that failed with this stage
     */
    public PlacementOutcome replace(
            StagePlace lost, List<StagePlace> kept, List<WorkerInfo> workers, String kernels, Set<String> unfit) {
        long needed = placement.bytes(lost.layers(), kvBlockCount);
        Map<String, Long> taken = kept.stream()
                .collect(Collectors.groupingBy(
                        StagePlace::worker,
                        Collectors.summingLong(stage -> placement.bytes(stage.layers(), kvBlockCount))));
        Comparator<WorkerInfo> preference = Comparator.<WorkerInfo, Boolean>comparing(
                        worker -> !kernels.isEmpty() && !worker.kernels().equals(kernels))
                .thenComparing(worker -> taken.containsKey(worker.address()))
                .thenComparing(Comparator.comparingLong(WorkerInfo::bandwidthBytesPerSecond)
                        .reversed())
                .thenComparing(WorkerInfo::address);
        return workers.stream()
                .filter(worker -> !unfit.contains(worker.address()))
                .filter(worker -> worker.memoryBytes() - taken.getOrDefault(worker.address(), 0L) >= needed)
                .min(preference)
                .<PlacementOutcome>map(worker -> placed(lost, kept, worker, workers))
                .orElseGet(() -> impossible(lost, needed, taken, workers, unfit));
    }

    private PlacementOutcome placed(
            StagePlace lost, List<StagePlace> kept, WorkerInfo worker, List<WorkerInfo> workers) {
        var stages = new ArrayList<>(kept);
        stages.add(new StagePlace(lost.index(), lost.layers(), worker.address()));
        stages.sort(Comparator.comparingInt(StagePlace::index));
        var hosts = stages.stream().map(StagePlace::worker).collect(Collectors.toSet());
        var spares = workers.stream()
                .map(WorkerInfo::address)
                .filter(address -> !hosts.contains(address))
                .sorted()
                .toList();
        return new PlacementOutcome.Placed(stages, kvBlockCount, spares);
    }

    private PlacementOutcome impossible(
            StagePlace lost, long needed, Map<String, Long> taken, List<WorkerInfo> workers, Set<String> unfit) {
        String there = workers.isEmpty()
                ? "no worker is left"
                : workers.stream()
                        .sorted(Comparator.comparing(WorkerInfo::address))
                        .map(worker -> describe(worker, taken, unfit))
                        .collect(Collectors.joining("; "));
        return new PlacementOutcome.Impossible("stage " + lost.index() + " of " + stageCount + " (" + lost.layers()
                + ") has no worker with room: it needs " + Bytes.text(needed) + "; " + there);
    }

    private static String describe(WorkerInfo worker, Map<String, Long> taken, Set<String> unfit) {
        if (unfit.contains(worker.address())) {
            return worker.name() + " failed with it";
        }
        long left = worker.memoryBytes() - taken.getOrDefault(worker.address(), 0L);
        return worker.name() + " has " + Bytes.text(Math.max(0, left)) + " left";
    }
}
