package io.caravan.cli.address;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says every now and then why a process is not let in by the members that it joins, until it is or ends.
 *
 * @param members that it joins
 * @param own how it calls itself
 */
public record JoinWatch(List<HostAndPort> members, String own, JoinSettings settings) {
    private static final Logger LOG = LoggerFactory.getLogger(JoinWatch.class);

    public JoinWatch {
        members = List.copyOf(members);
    }

    /** Watches on a thread of its own until {@code over}. */
    public void start(BooleanSupplier over) {
        Thread.ofVirtual().name("join-watch").start(() -> run(over));
    }

    private void run(BooleanSupplier over) {
        var notices = settings.notices();
        try {
            while (!over.getAsBoolean()) {
                Thread.sleep(settings.retry());
                if (notices.due(System.nanoTime()) && !over.getAsBoolean()) {
                    LOG.warn(
                            "Not let in yet, still trying: {}",
                            members.stream().map(this::reason).collect(Collectors.joining("; ")));
                }
            }
        } catch (InterruptedException ended) {
            LOG.debug("No longer watching", ended);
        }
    }

    private String reason(HostAndPort member) {
        try {
            return reason(InetAddress.getByName(member.host()), member);
        } catch (UnknownHostException unknown) {
            return SeedProbe.unknown(member);
        }
    }

    private String reason(InetAddress address, HostAndPort member) {
        return switch (SeedProbe.look(address, member.port(), settings.connectTimeout())) {
            case SeedProbe.Sight.Fails fails -> fails.why();
            case SeedProbe.Sight.Accepts _
            when SeedProbe.isStranger(address, member.port(), settings.connectTimeout()) ->
                "something else than a member listens at " + member
                        + ": the port to join is the cluster's, as the gateway's line 'Workers join with' has it";
            case SeedProbe.Sight.Accepts _ ->
                member + " accepts connections, but no member of that name answers: is it what the gateway's line"
                        + " 'Workers join with' says, does it reach " + own
                        + " (firewall, --cluster-host, --cluster-port), and have both or neither a --cluster-cert?";
        };
    }
}
