package io.caravan.scheduler.placement;

import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.LayerRange;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds another worker for a stage that was lost, while the others stay where they are.
 *
 * <p>A worker with the same kernels is preferred, because only it gives the same bits; then one with room for all KV
 * blocks, then a spare, then the fastest. Where nobody has room for all blocks, fewer do: to serve less at a time is better
 * than not to serve.
 *
 * @param kvBlockCount blocks that the stages have, of which there will not be more
 */
public record Replacement(Placement placement, int stageCount, int kvBlockCount) {

    private record Offer(WorkerInfo worker, int blockCount, boolean spare) {}

    /**
     * A place for {@code lost}.
     *
     * @param kept stages that stay
     * @param kernels what the lost stage computed with; empty where unknown
     * @param unfit addresses of workers that failed with this stage
     */
    public PlacementOutcome replace(
            StagePlace lost, List<StagePlace> kept, List<WorkerInfo> workers, String kernels, Set<String> unfit) {
        Map<String, List<LayerRange>> held = kept.stream()
                .collect(Collectors.groupingBy(
                        StagePlace::worker, Collectors.mapping(StagePlace::layers, Collectors.toList())));
        Comparator<Offer> preference = Comparator.<Offer, Boolean>comparing(
                        offer -> !kernels.isEmpty() && !offer.worker().kernels().equals(kernels))
                .thenComparing(Comparator.comparingInt(Offer::blockCount).reversed())
                .thenComparing(offer -> !offer.spare())
                .thenComparing(
                        Comparator.<Offer>comparingLong(offer -> offer.worker().bandwidthBytesPerSecond())
                                .reversed())
                .thenComparing(offer -> offer.worker().address());
        return workers.stream()
                .filter(worker -> !unfit.contains(worker.address()))
                .map(worker -> offer(worker, held.getOrDefault(worker.address(), List.of()), lost.layers()))
                .filter(offer -> offer.blockCount() >= Math.min(kvBlockCount, placement.minBlocks()))
                .min(preference)
                .<PlacementOutcome>map(offer -> placed(lost, kept, offer, workers))
                .orElseGet(() -> impossible(lost, held, workers, unfit));
    }

    private Offer offer(WorkerInfo worker, List<LayerRange> held, LayerRange lost) {
        var stages = Stream.concat(held.stream(), Stream.of(lost)).toList();
        long fit = placement.blocksThatFit(worker, stages);
        return new Offer(worker, (int) Math.max(-1, Math.min(kvBlockCount, fit)), held.isEmpty());
    }

    private static PlacementOutcome placed(
            StagePlace lost, List<StagePlace> kept, Offer offer, List<WorkerInfo> workers) {
        var stages = new ArrayList<>(kept);
        stages.add(new StagePlace(lost.index(), lost.layers(), offer.worker().address()));
        stages.sort(Comparator.comparingInt(StagePlace::index));
        var hosts = stages.stream().map(StagePlace::worker).collect(Collectors.toSet());
        var spares = workers.stream()
                .map(WorkerInfo::address)
                .filter(address -> !hosts.contains(address))
                .sorted()
                .toList();
        return new PlacementOutcome.Placed(stages, offer.blockCount(), spares);
    }

    private PlacementOutcome impossible(
            StagePlace lost, Map<String, List<LayerRange>> held, List<WorkerInfo> workers, Set<String> unfit) {
        String there = workers.isEmpty()
                ? "no worker is left"
                : workers.stream()
                        .sorted(Comparator.comparing(WorkerInfo::address))
                        .map(worker -> describe(worker, held.getOrDefault(worker.address(), List.of()), unfit))
                        .collect(Collectors.joining("; "));
        return new PlacementOutcome.Impossible("stage " + lost.index() + " of " + stageCount + " (" + lost.layers()
                + ") has no worker with room: it needs " + Bytes.text(leastBytes(lost.layers())) + "; " + there);
    }

    private long leastBytes(LayerRange layers) {
        return placement.bytes(layers, Math.min(kvBlockCount, placement.minBlocks()));
    }

    private String describe(WorkerInfo worker, List<LayerRange> held, Set<String> unfit) {
        if (unfit.contains(worker.address())) {
            return worker.name() + " failed with it";
        }
        int blocks = Math.min(kvBlockCount, placement.minBlocks());
        long taken = held.stream()
                .mapToLong(layers -> placement.bytes(layers, blocks, worker))
                .sum();
        long left = worker.memoryBytes() - taken;
        return worker.name() + " has " + Bytes.text(Math.max(0, left)) + " left";
    }
}
