package io.caravan.scheduler.placement;

import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.scheduler.placement.Cutter.Cut;
import io.caravan.scheduler.placement.Cutter.Slot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * Places stages on workers so that the slowest stage is as fast as can be. A pure function: the same workers, in whatever
 * order they came, get the same stages.
 *
 * <p>A pipeline is as fast as its slowest stage, and decoding is as fast as weights are read, so a stage's time is the
 * bytes that a step reads over its worker's measured bandwidth; stages that share a worker share its bandwidth and its
 * memory.
 */
public final class Placement {
    private static final Comparator<WorkerInfo> BY_ADDRESS = Comparator.comparing(WorkerInfo::address);

    private final ModelSpec spec;
    private final KvBudget kv;
    private final Bf16Storage bf16;
    private final StageSizes sizes;

    /** @param bf16 how BF16 weights are to lie in memory; workers whose kernels cannot have them so are counted on as they are */
    public Placement(ModelSpec spec, KvBudget kv, Bf16Storage bf16) {
        this.spec = spec;
        this.kv = kv;
        this.bf16 = bf16;
        sizes = new StageSizes(spec, kv);
    }

    private Bf16Storage bf16On(WorkerInfo worker) {
        return worker.packsBf16() ? bf16 : Bf16Storage.SIXTEEN_BITS;
    }

    /** Memory that a stage of {@code layers} takes with {@code blockCount} KV blocks, where BF16 weights lie as they are to. */
    public long bytes(LayerRange layers, int blockCount) {
        return sizes.bytes(layers, blockCount, bf16);
    }

    /** The same on {@code worker}. */
    long bytes(LayerRange layers, int blockCount, WorkerInfo worker) {
        return sizes.bytes(layers, blockCount, bf16On(worker));
    }

    /** Blocks of the smallest KV memory that is taken. */
    int minBlocks() {
        return kv.minBlocks();
    }

    /** KV blocks for which {@code worker} has room beside the weights of all of {@code stages}; negative for none. */
    long blocksThatFit(WorkerInfo worker, List<LayerRange> stages) {
        long weights = stages.stream()
                .mapToLong(layers -> sizes.weightBytes(layers, bf16On(worker)))
                .sum();
        long block = stages.stream().mapToLong(sizes::blockBytes).sum();
        return Math.floorDiv(worker.memoryBytes() - weights, block);
    }

    /** Cuts the model into {@code stageCount} stages and places each on one of the workers. */
    public PlacementOutcome place(int stageCount, List<WorkerInfo> measured) {
        if (stageCount < 1 || stageCount > spec.layerCount()) {
            return new PlacementOutcome.Impossible("the model has " + spec.layerCount() + " layers, which makes 1 to "
                    + spec.layerCount() + " stages, not " + stageCount);
        }
        if (measured.isEmpty()) {
            return new PlacementOutcome.Impossible("there is no worker");
        }
        var workers = Twins.levelled(measured);
        var roomiest = workers.stream()
                .sorted(Comparator.comparingLong(WorkerInfo::memoryBytes)
                        .reversed()
                        .thenComparing(BY_ADDRESS))
                .toList();
        for (int count = roomiest.size(); count > 0; count--) {
            // where no cut has room on all of them, the smallest may be too small for anything
            var best = best(stageCount, roomiest.subList(0, count));
            if (!best.hosts().isEmpty()) {
                return placed(best, workers);
            }
        }
        return impossible(stageCount, workers);
    }

    private Candidate best(int stageCount, List<WorkerInfo> workers) {
        var best = new Candidate(List.of(), Cut.NONE);
        for (List<WorkerInfo> hosts : hostOrders(stageCount, workers)) {
            for (boolean shareMemory : new boolean[] {true, false}) {
                Cut cut = Cutter.cut(sizes, slots(hosts, shareMemory), kv.minBlocks());
                if (cut.slowestSeconds() < best.cut().slowestSeconds() && blocksThatFit(hosts, cut) >= kv.minBlocks()) {
                    best = new Candidate(hosts, cut);
                }
            }
        }
        return best;
    }

    private record Candidate(List<WorkerInfo> hosts, Cut cut) {}

    /** Hosts, one for each stage: the fastest workers, or those with most memory, from either end of the pipeline. */
    private static List<List<WorkerInfo>> hostOrders(int stageCount, List<WorkerInfo> workers) {
        var orders = new ArrayList<List<WorkerInfo>>();
        List<ToLongFunction<WorkerInfo>> merits = List.of(WorkerInfo::bandwidthBytesPerSecond, WorkerInfo::memoryBytes);
        for (var merit : merits) {
            var hosts = spread(stageCount, workers, merit);
            orders.add(hosts);
            orders.add(hosts.reversed());
        }
        return orders;
    }

    /** The most deserving workers, each repeated as its merit allows where there are more stages than workers. */
    private static List<WorkerInfo> spread(int stageCount, List<WorkerInfo> workers, ToLongFunction<WorkerInfo> merit) {
        var byMerit = workers.stream()
                .sorted(Comparator.comparingLong(merit).reversed().thenComparing(BY_ADDRESS))
                .toList();
        int[] counts = new int[byMerit.size()];
        for (int stage = 0; stage < stageCount; stage++) {
            int next = 0;
            for (int i = 1; stage >= counts.length && i < counts.length; i++) {
                double mine = (double) merit.applyAsLong(byMerit.get(i)) / (counts[i] + 1);
                double best = (double) merit.applyAsLong(byMerit.get(next)) / (counts[next] + 1);
                next = mine > best ? i : next;
            }
            counts[stage < counts.length ? stage : next]++;
        }
        var hosts = new ArrayList<WorkerInfo>();
        for (int i = 0; i < counts.length; i++) {
            for (int n = 0; n < counts[i]; n++) {
                hosts.add(byMerit.get(i));
            }
        }
        return hosts;
    }

    private List<Slot> slots(List<WorkerInfo> hosts, boolean shareMemory) {
        var stagesOn = hosts.stream().collect(Collectors.groupingBy(WorkerInfo::address, Collectors.counting()));
        return hosts.stream()
                .map(host -> {
                    long sharers = stagesOn.get(host.address());
                    double bandwidth = (double) Math.max(1, host.bandwidthBytesPerSecond()) / sharers;
                    return new Slot(
                            bandwidth, shareMemory ? host.memoryBytes() / sharers : host.memoryBytes(), bf16On(host));
                })
                .toList();
    }

    /** KV blocks for which every host has room beside its weights, at most as many as are wanted; negative for none. */
    private int blocksThatFit(List<WorkerInfo> hosts, Cut cut) {
        Map<String, Long> free = new HashMap<>();
        Map<String, Long> blockBytes = new HashMap<>();
        for (int i = 0; i < cut.ranges().size(); i++) {
            LayerRange layers = cut.ranges().get(i);
            WorkerInfo host = hosts.get(i);
            free.merge(
                    host.address(),
                    host.memoryBytes() - sizes.weightBytes(layers, bf16On(host)),
                    (a, b) -> a + b - host.memoryBytes());
            blockBytes.merge(host.address(), sizes.blockBytes(layers), Long::sum);
        }
        long fit = kv.maxBlocks();
        for (var entry : free.entrySet()) {
            fit = Math.min(fit, Math.floorDiv(entry.getValue(), blockBytes.get(entry.getKey())));
        }
        return (int) Math.max(-1, fit);
    }

    private PlacementOutcome placed(Candidate best, List<WorkerInfo> workers) {
        var stages = new ArrayList<StagePlace>();
        for (int i = 0; i < best.hosts().size(); i++) {
            stages.add(new StagePlace(
                    i, best.cut().ranges().get(i), best.hosts().get(i).address()));
        }
        var spares = workers.stream()
                .filter(worker -> !best.hosts().contains(worker))
                .map(WorkerInfo::address)
                .sorted()
                .toList();
        return new PlacementOutcome.Placed(stages, blocksThatFit(best.hosts(), best.cut()), spares);
    }

    private PlacementOutcome impossible(int stageCount, List<WorkerInfo> workers) {
        long weights = sizes.weightBytes(
                new LayerRange(0, spec.layerCount()),
                workers.stream().allMatch(WorkerInfo::packsBf16) ? bf16 : Bf16Storage.SIXTEEN_BITS);
        long blocks = sizes.blockBytes(new LayerRange(0, spec.layerCount())) * kv.minBlocks();
        String there = workers.stream()
                .sorted(BY_ADDRESS)
                .map(worker -> worker.name() + " has " + Bytes.text(worker.memoryBytes()))
                .collect(Collectors.joining("; "));
        return new PlacementOutcome.Impossible("the model in " + stageCount + " stage" + (stageCount == 1 ? "" : "s")
                + " needs " + Bytes.text(weights) + " for weights and " + Bytes.text(blocks)
                + " for the least KV blocks ("
                + kv.minTokens() + " tokens), cut between layers; " + there);
    }
}
