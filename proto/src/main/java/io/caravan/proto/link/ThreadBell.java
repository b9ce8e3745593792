package io.caravan.proto.link;

import java.util.concurrent.locks.LockSupport;

/** Wakes a thread of this process. */
public final class ThreadBell implements Doorbell {
    private volatile boolean rung;
    private volatile Thread sleeper;

    @Override
    public void sleep(long ns) {
        if (sleeper != Thread.currentThread()) {
            sleeper = Thread.currentThread();
        }
        if (!rung) {
            LockSupport.parkNanos(this, ns);
        }
        rung = false;
    }

    @Override
    public void wake() {
        rung = true;
        LockSupport.unpark(sleeper);
    }
}
