package io.caravan.worker.stage;

import io.caravan.proto.actor.StageAssignment;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;

/** Loads {@link FakeCompute}s, as slowly as a test wants, or not at all. */
final class FakeLoader implements StageLoader {
    /** So many tensors make a stage; each needs a permit of {@link #tensors}. */
    static final int TENSORS = 4;

    /** Plenty unless a test takes them away. */
    final Semaphore tensors = new Semaphore(1 << 20);

    final List<FakeCompute> loaded = new CopyOnWriteArrayList<>();
    volatile String refusal = "";

    /** Tensors come one by one, as {@link #tensors} is released. */
    void stall() {
        tensors.drainPermits();
    }

    @Override
    public StageCompute load(StageAssignment assignment, Progress progress) {
        for (int i = 1; i <= TENSORS; i++) {
            tensors.acquireUninterruptibly();
            progress.loaded(i, TENSORS);
        }
        if (!refusal.isEmpty()) {
            throw new StageRefusedException(refusal);
        }
        var compute = new FakeCompute(assignment);
        loaded.add(compute);
        return compute;
    }
}
