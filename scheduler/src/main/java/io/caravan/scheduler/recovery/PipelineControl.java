package io.caravan.scheduler.recovery;

import io.caravan.proto.actor.StageAssignment;
import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageId;
import io.caravan.proto.actor.StageSeat;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.link.LinkEndpoint;
import io.caravan.scheduler.placement.Placement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Brings a pipeline up and keeps it up. Events come in, effects go out; it never waits and knows no actor.
 *
 * <p>Every loss is answered alike: the epoch rises, the lost stages are placed anew, and all stages are loaded and
 * connected for the new epoch, which those that were not lost answer at once because they keep their weights. That
 * telling is also how a stage that hangs is found out: one that lives answers, and one that is silent for too long is
 * given up like one that failed. Everything is told again until it is answered, so that no message matters by itself.
 */
public final class PipelineControl {
    private final ControlSettings settings;
    private final Places places;
    private final LinkEndpoint resultInbox;
    private final TreeMap<String, WorkerInfo> workers = new TreeMap<>(); // by address
    private final List<Effect> effects = new ArrayList<>();
    private PipelineState state = PipelineState.WAITING_FOR_WORKERS;
    private String suspendedWhy = "";
    private long epoch;
    private long backoffNs;
    private long retryPlacementNs;
    private int overdueInARow;
    private boolean paused;
    private long pausedSinceNs;
    private long lastPauseNs;
    private long recoveries;

    /**
     * @param resultInbox where the last stage sends step results
     * @param usedEpoch epochs are above this, which is above all that a scheduler before this one used: stages that it left
     *     would take an epoch that comes again for the one they know
     */
    public PipelineControl(ControlSettings settings, Placement placement, LinkEndpoint resultInbox, long usedEpoch) {
        this.settings = settings;
        epoch = usedEpoch;
        places = new Places(settings, placement);
        this.resultInbox = resultInbox;
        backoffNs = settings.firstBackoffNs();
    }

    /** A worker described itself. */
    public List<Effect> onWorker(WorkerInfo worker, long nowNs) {
        if (!worker.version().equals(settings.version())) {
            effects.add(new Effect.Refuse(
                    worker.address(),
                    "this pipeline runs Caravan " + settings.version() + ", worker " + worker.name() + " is "
                            + worker.version() + ": start it with the same version"));
            return done();
        }
        WorkerInfo known = workers.put(worker.address(), worker);
        if (known != null && known.pid() != worker.pid()) {
            loseStagesOf(worker.address(), "worker " + worker.name() + " was started anew", nowNs);
        }
        if (state == PipelineState.WAITING_FOR_WORKERS) {
            findPlaces(nowNs);
        }
        return done();
    }

    /** The cluster removed a worker. */
    public List<Effect> onWorkerLost(String address, long nowNs) {
        WorkerInfo known = workers.remove(address);
        if (known != null) {
            loseStagesOf(address, "worker " + known.name() + " is gone", nowNs);
        }
        return done();
    }

    /** Somebody saw the worker's process end, before the cluster did. */
    public List<Effect> onWorkerGone(String address, long nowNs) {
        if (workers.containsKey(address)) {
            effects.add(new Effect.Down(address));
        }
        return onWorkerLost(address, nowNs);
    }

    /** A worker is about to end, and serves until then: what it hosts is moved now. */
    public List<Effect> onWorkerLeaving(String address, long nowNs) {
        WorkerInfo known = workers.remove(address);
        if (known != null) {
            loseStagesOf(address, "worker " + known.name() + " is leaving", nowNs);
        }
        return done();
    }

    private void loseStagesOf(String address, String why, long nowNs) {
        if (places.lose(address, nowNs)) {
            recover(why, nowNs);
        } else if (state == PipelineState.WAITING_FOR_WORKERS) {
            findPlaces(nowNs);
        }
    }

    /** No result came for too long, or one that does not belong: plans or stages were lost on the way. */
    public List<Effect> onPlansLost(long lostEpoch, String why, long nowNs) {
        boolean running = state == PipelineState.WARMING || state == PipelineState.SERVING;
        if (running && lostEpoch == epoch) {
            if (++overdueInARow > settings.maxReconnects()) {
                overdueInARow = 0;
                places.slots.forEach(slot -> effects.add(new Effect.Unload(seat(slot))));
            }
            recover(why, nowNs);
        }
        return done();
    }

    /**
     * Plans are in flight and no result has come for a while. A step may take long, so this accuses nobody; but a process
     * that is gone can be seen to be gone, long before heartbeats that stay away prove it.
     */
    public List<Effect> onSilence(long silentEpoch) {
        boolean running = state == PipelineState.WARMING || state == PipelineState.SERVING;
        if (running && silentEpoch == epoch) {
            places.slots.stream()
                    .map(slot -> slot.place.worker())
                    .distinct()
                    .forEach(worker -> effects.add(new Effect.Check(worker)));
        }
        return done();
    }

    /** The engine got its first result of an epoch. */
    public List<Effect> onFirstResult(long servedEpoch, long nowNs) {
        if (state == PipelineState.WARMING && servedEpoch == epoch) {
            state = PipelineState.SERVING;
            overdueInARow = 0;
            backoffNs = settings.firstBackoffNs();
            if (paused) {
                lastPauseNs = nowNs - pausedSinceNs;
                recoveries += places.takeReplaced() ? 1 : 0;
            }
            effects.add(new Effect.Resumed(epoch, paused ? lastPauseNs : 0));
            paused = false;
            places.takeReplaced();
            forgive();
            places.slots.forEach(slot -> slot.failure = "");
        }
        return done();
    }

    /** A stage reported. */
    public List<Effect> onStageEvent(StageEvent event, long nowNs) {
        int index = event.stage().index();
        if (event.stage().pipeline().equals(settings.pipeline())
                && index < places.slots.size()
                && places.slots.get(index).placed) {
            StageSlot slot = places.slots.get(index);
            if (event.epoch() > epoch) {
                onLaterEpoch(slot, event.epoch(), nowNs);
                return done();
            }
            switch (event) {
                case StageEvent.Loading loading -> onLoading(slot, loading, nowNs);
                case StageEvent.Ready ready -> onReady(slot, ready, nowNs);
                case StageEvent.Serving serving -> onServing(slot, serving, nowNs);
                case StageEvent.Failed failed -> onFailed(slot, failed, nowNs);
                case StageEvent.Status status -> onStatus(slot, status, nowNs);
                case StageEvent.StepFailed failed -> {
                    /* Failed follows, or else the plans are lost, which is told by itself */
                }
                case StageEvent.Misplaced misplaced -> {
                    /* its worker is gone, or will get it back; silence is answered below */
                }
                case StageEvent.Drained drained -> {
                    /* nobody was told to drain */
                }
            }
        }
        return done();
    }

    private void onLoading(StageSlot slot, StageEvent.Loading loading, long nowNs) {
        if (loading.epoch() == epoch && state == PipelineState.LOADING && !slot.isReady()) {
            slot.lastHeardNs = nowNs;
            slot.state = StageState.LOADING;
            slot.loadedShare = loading.totalBytes() == 0 ? 0 : (double) loading.loadedBytes() / loading.totalBytes();
        }
    }

    private void onReady(StageSlot slot, StageEvent.Ready ready, long nowNs) {
        if (ready.epoch() != epoch || !ready.worker().equals(slot.place.worker())) {
            return;
        }
        slot.lastHeardNs = nowNs;
        if (state == PipelineState.LOADING) {
            slot.ready = Optional.of(ready);
            slot.state = StageState.READY;
            slot.loadedShare = 1;
            learnKernels(slot);
            advance(nowNs);
        }
    }

    /** Of its worker: a stage's own name for them tells of the precision too, which is the pipeline's choice. */
    private void learnKernels(StageSlot slot) {
        WorkerInfo worker = workers.get(slot.place.worker());
        if (worker != null && !worker.kernels().equals(slot.kernels)) {
            slot.computesWith(worker.kernels());
            if (!slot.note().isEmpty()) {
                effects.add(new Effect.Warn(slot.note()));
            }
        }
    }

    private void onServing(StageSlot slot, StageEvent.Serving serving, long nowNs) {
        if (serving.epoch() == epoch && state == PipelineState.CONNECTING && slot.isReady()) {
            slot.state = StageState.SERVING;
            places.slots.forEach(other -> other.lastHeardNs = nowNs);
            advance(nowNs);
        }
    }

    private void onFailed(StageSlot slot, StageEvent.Failed failed, long nowNs) {
        if (failed.epoch() == epoch && failed.worker().equals(slot.place.worker())) {
            giveUp(slot, failed.reason(), nowNs);
        }
    }

    private void giveUp(StageSlot slot, String reason, long nowNs) {
        slot.unfit.add(slot.place.worker());
        slot.failure = reason;
        slot.state = StageState.FAILED;
        slot.lose(nowNs);
        recover("stage " + slot.index() + " failed: " + reason, nowNs);
    }

    /** It was placed by a scheduler that is no more, on a host whose clock is ahead: the epoch goes on from there. */
    private void onLaterEpoch(StageSlot slot, long laterEpoch, long nowNs) {
        epoch = laterEpoch;
        recover("stage " + slot.index() + " remembers another scheduler", nowNs);
    }

    /** A stage that should have weights and has none was started anew by sharding. */
    private void onStatus(StageSlot slot, StageEvent.Status status, long nowNs) {
        boolean forgot = status.state() == StageState.EMPTY && slot.isReady();
        if (forgot && status.worker().equals(slot.place.worker())) {
            recover("stage " + slot.index() + " was started anew", nowNs);
        }
    }

    /** Time passed: what was not answered is told again, who is silent is given up, and places are looked for. */
    public List<Effect> onTick(long nowNs) {
        switch (state) {
            case WAITING_FOR_WORKERS -> {
                if (nowNs - retryPlacementNs >= 0) {
                    forgive();
                    backOff(nowNs);
                    findPlaces(nowNs);
                }
            }
            case LOADING, CONNECTING -> {
                for (StageSlot slot : places.slots) {
                    if (awaited(slot) && nowNs - slot.lastHeardNs > settings.silenceNs()) {
                        effects.add(new Effect.Unload(seat(slot)));
                        giveUp(slot, "no answer for " + settings.silenceNs() / 1_000_000_000 + " s", nowNs);
                        return done();
                    }
                    check(slot, nowNs);
                }
                advance(nowNs);
            }
            case WARMING, SERVING -> {}
        }
        return done();
    }

    /** Looks after the worker of a stage that owes an answer. */
    private void check(StageSlot slot, long nowNs) {
        long since = Math.max(slot.lastHeardNs, slot.lastCheckNs);
        if (awaited(slot) && nowNs - since >= settings.suspectNs()) {
            slot.lastCheckNs = nowNs;
            effects.add(new Effect.Check(slot.place.worker()));
        }
    }

    /** What was wrong with a worker that failed may have been put right. */
    private void forgive() {
        places.slots.forEach(slot -> slot.unfit.clear());
    }

    private boolean awaited(StageSlot slot) {
        return state == PipelineState.LOADING ? !slot.isReady() : slot == lastNotServing();
    }

    /** The epoch rises; what was lost is placed anew, and everybody is told everything again. */
    private void recover(String why, long nowNs) {
        boolean running = state == PipelineState.WARMING || state == PipelineState.SERVING;
        if (running && !paused) {
            paused = true;
            pausedSinceNs = nowNs;
        }
        suspend(why);
        findPlaces(nowNs);
    }

    private void suspend(String why) {
        if (!why.equals(suspendedWhy)) {
            suspendedWhy = why;
            effects.add(new Effect.Suspend("no step ran: " + why));
        }
    }

    private void findPlaces(long nowNs) {
        if (places.find(workers.values(), nowNs)) {
            epoch++;
            state = PipelineState.LOADING;
            places.slots.forEach(slot -> slot.startOver(nowNs, settings.retryNs()));
            advance(nowNs);
            return;
        }
        if (state != PipelineState.WAITING_FOR_WORKERS) {
            state = PipelineState.WAITING_FOR_WORKERS;
            backOff(nowNs);
        }
        retryPlacementNs = places.waitsUntilNs(retryPlacementNs);
        suspend(places.missing());
    }

    private void backOff(long nowNs) {
        retryPlacementNs = nowNs + backoffNs;
        backoffNs = Math.min(settings.maxBackoffNs(), backoffNs * 2);
    }

    /** Goes as far as what was answered allows, and tells what is due. */
    private void advance(long nowNs) {
        if (state == PipelineState.LOADING) {
            if (places.slots.stream().allMatch(StageSlot::isReady)) {
                state = PipelineState.CONNECTING;
                places.slots.forEach(slot -> {
                    slot.lastHeardNs = nowNs;
                    slot.lastToldNs = nowNs - settings.retryNs();
                });
            } else {
                places.slots.stream().filter(slot -> !slot.isReady()).forEach(slot -> tellLoad(slot, nowNs));
            }
        }
        if (state == PipelineState.CONNECTING) {
            if (places.slots.stream().allMatch(StageSlot::isServing)) {
                state = PipelineState.WARMING;
                suspendedWhy = "";
                effects.add(new Effect.Start(epoch, places.kvBlockCount(), inboxOf(0)));
            } else {
                tellConnect(lastNotServing(), nowNs);
            }
        }
    }

    private StageSlot lastNotServing() {
        return places.slots.reversed().stream()
                .filter(slot -> !slot.isServing())
                .findFirst()
                .orElseThrow();
    }

    private void tellLoad(StageSlot slot, long nowNs) {
        if (nowNs - slot.lastToldNs >= settings.retryNs()) {
            slot.lastToldNs = nowNs;
            effects.add(new Effect.Load(new StageAssignment(
                    id(slot),
                    places.slots.size(),
                    slot.place.layers(),
                    settings.model(),
                    slot.place.worker(),
                    epoch,
                    places.kvBlockCount(),
                    settings.kvBlockTokens(),
                    settings.precision(),
                    settings.maxRows())));
        }
    }

    private void tellConnect(StageSlot slot, long nowNs) {
        if (nowNs - slot.lastToldNs >= settings.retryNs()) {
            slot.lastToldNs = nowNs;
            LinkEndpoint next = slot.index() + 1 == places.slots.size() ? resultInbox : inboxOf(slot.index() + 1);
            effects.add(new Effect.Connect(seat(slot), epoch, next));
        }
    }

    private LinkEndpoint inboxOf(int index) {
        return places.slots.get(index).ready.orElseThrow().inbox();
    }

    private StageId id(StageSlot slot) {
        return new StageId(settings.pipeline(), slot.index());
    }

    private StageSeat seat(StageSlot slot) {
        return new StageSeat(id(slot), slot.place.worker());
    }

    /** Address of the worker that is to host a stage; empty while none is chosen. */
    public String locate(StageId stage) {
        boolean known = stage.pipeline().equals(settings.pipeline()) && stage.index() < places.slots.size();
        return known && places.slots.get(stage.index()).placed
                ? places.slots.get(stage.index()).place.worker()
                : "";
    }

    public PipelineState state() {
        return state;
    }

    public long epoch() {
        return epoch;
    }

    /** What the pipeline is doing or missing; empty when tokens come out. */
    public String message() {
        return switch (state) {
            case WAITING_FOR_WORKERS -> places.missing();
            case LOADING -> "loading: " + describe(slot -> !slot.isReady());
            case CONNECTING -> "connecting: " + describe(slot -> !slot.isServing());
            case WARMING -> "waiting for the first result of epoch " + epoch;
            case SERVING -> "";
        };
    }

    private String describe(Predicate<StageSlot> pending) {
        return places.slots.stream()
                .filter(pending)
                .map(slot -> "stage " + slot.index() + " of " + places.slots.size() + " on " + nameOf(slot)
                        + (slot.state == StageState.LOADING ? " " + Math.round(100 * slot.loadedShare) + "%" : ""))
                .collect(Collectors.joining(", "));
    }

    private String nameOf(StageSlot slot) {
        WorkerInfo worker = workers.get(slot.place.worker());
        return worker == null ? slot.place.worker() : worker.name();
    }

    /** What people are to know of its answers, although it serves. */
    public List<String> notes() {
        return places.slots.stream()
                .map(StageSlot::note)
                .filter(note -> !note.isEmpty())
                .toList();
    }

    public List<StageView> stages() {
        return places.slots.stream().map(StageSlot::view).toList();
    }

    public List<WorkerInfo> workers() {
        return List.copyOf(workers.values());
    }

    /** How often lost stages were replaced. */
    public long recoveries() {
        return recoveries;
    }

    /** From the last loss to the first result afterwards. */
    public long lastPauseNs() {
        return lastPauseNs;
    }

    private List<Effect> done() {
        var out = List.copyOf(effects);
        effects.clear();
        return out;
    }
}
