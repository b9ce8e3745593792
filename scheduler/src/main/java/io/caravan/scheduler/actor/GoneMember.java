package io.caravan.scheduler.actor;

import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.apache.pekko.remote.UniqueAddress;
import org.apache.pekko.remote.artery.QuarantinedEvent;

/** Takes a member out of the cluster of which it is known that its process is gone. */
public final class GoneMember {
    private GoneMember() {}

    /**
     * The cluster would keep who is only declared dead until the failure detector, which has to bear full cores, misses it too;
     * until then the scheduler that it had starts nowhere else. Who is shut out as well counts as ended at once.
     *
     * @param uid of its actor system
     */
    public static void remove(ActorSystem<?> system, Address address, long uid) {
        Cluster.get(system).manager().tell(new Down(address));
        Adapter.toClassic(system).eventStream().publish(new QuarantinedEvent(new UniqueAddress(address, uid)));
    }
}
