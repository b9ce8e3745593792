package io.caravan.cli.cluster;

import com.typesafe.config.Config;
import io.caravan.cli.membership.Acquaintances;
import io.caravan.cli.membership.Fate;
import io.caravan.proto.actor.SchedulerProtocol;
import io.caravan.proto.link.StageLinks;
import io.caravan.worker.WorkerNode;
import io.caravan.worker.WorkerProbe;
import io.caravan.worker.WorkerSettings;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** A worker, as long as it is one member of its cluster. */
public final class WorkerLife implements Incarnations.Life {
    private final Member member;

    private WorkerLife(Member member) {
        this.member = member;
    }

    /**
     * Begins to join.
     *
     * @param links stay the caller's, who closes them after the last life
     * @param probe of this process
     */
    public static WorkerLife begin(
            Config config,
            WorkerSettings settings,
            Acquaintances acquaintances,
            StageLinks links,
            CompletionStage<WorkerProbe> probe) {
        var member = Member.start(config, Set.of(SchedulerProtocol.WORKER_ROLE), acquaintances, List.of());
        try {
            WorkerNode.start(member.system(), settings, links, probe).refused().thenAccept(member::refuse);
            return new WorkerLife(member);
        } catch (RuntimeException e) {
            member.close();
            throw e;
        }
    }

    /** {@code host:port} at which others reach it. */
    public String hostAndPort() {
        return member.hostAndPort();
    }

    @Override
    public Fate awaitEnd() {
        return member.awaitEnd();
    }

    @Override
    public Config keepPorts(Config config) {
        return member.keepPort(config);
    }

    @Override
    public void abandon() {
        member.abandon();
    }

    @Override
    public void close() {
        member.close();
    }
}
