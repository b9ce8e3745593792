package io.caravan.scheduler.recovery;

import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageState;
import io.caravan.proto.model.HeldWeights;
import io.caravan.scheduler.placement.StagePlace;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** What is known of one stage. */
final class StageSlot {
    StagePlace place;
    /** Whether {@link #place} names a worker that is to host it. */
    boolean placed = true;

    StageState state = StageState.EMPTY;
    double loadedShare;
    Optional<StageEvent.Ready> ready = Optional.empty();
    /** Addresses of workers that failed with this stage since it last served. */
    final Set<String> unfit = new HashSet<>();

    String failure = "";
    /** Kernels of the worker that it computed on before it was lost, which its next one had better have too. */
    String kernels = "";
    /** Those that it computed with when this pipeline first had it. */
    String firstKernels = "";
    /** Since when it has had no worker. */
    long lostSinceNs;

    long lastToldNs;
    long lastHeardNs;
    /** When its worker was last looked after. */
    long lastCheckNs;

    StageSlot(StagePlace place) {
        this.place = place;
    }

    /** A new cut of the same stage. */
    StageSlot(StagePlace place, StageSlot before) {
        this(place);
        kernels = before.kernels;
        firstKernels = before.firstKernels;
    }

    int index() {
        return place.index();
    }

    /** A new epoch: everything has to be told and answered anew. */
    void startOver(long nowNs, long retryNs) {
        state = StageState.EMPTY;
        ready = Optional.empty();
        lastToldNs = nowNs - retryNs;
        lastHeardNs = nowNs;
        lastCheckNs = nowNs;
    }

    void lose(long nowNs) {
        if (placed) {
            placed = false;
            lostSinceNs = nowNs;
        }
    }

    /** It can compute on a worker with {@code workerKernels}. */
    void computesWith(String workerKernels) {
        kernels = workerKernels;
        firstKernels = firstKernels.isEmpty() ? workerKernels : firstKernels;
    }

    /** What people are to know of its answers; empty where there is nothing. */
    String note() {
        return placed && !kernels.equals(firstKernels)
                ? "stage " + index() + " computes with " + kernels + " and did with " + firstKernels
                        + " before: answers may differ from earlier ones"
                : "";
    }

    boolean isReady() {
        return ready.isPresent();
    }

    boolean isServing() {
        return state == StageState.SERVING;
    }

    StageView view() {
        String known = ready.map(StageEvent.Ready::kernels).orElse(kernels);
        return new StageView(
                place,
                placed,
                placed || state == StageState.FAILED ? state : StageState.EMPTY,
                loadedShare,
                known,
                ready.map(StageEvent.Ready::weights).orElse(HeldWeights.NONE),
                ready.map(StageEvent.Ready::kvBytes).orElse(0L));
    }
}
