package io.caravan.scheduler.recovery;

import io.caravan.proto.actor.StageEvent;
import io.caravan.proto.actor.StageState;
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
    /** Kernels that it computed with before it was lost, which its next worker had better have too. */
    String kernels = "";

    long lastToldNs;
    long lastHeardNs;
    /** When its worker was last looked after. */
    long lastCheckNs;

    StageSlot(StagePlace place) {
        this.place = place;
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
                ready.map(StageEvent.Ready::weightBytes).orElse(0L),
                ready.map(StageEvent.Ready::kvBytes).orElse(0L));
    }
}
