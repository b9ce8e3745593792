package io.caravan.cli.membership;

import io.caravan.proto.actor.AnswerSetting;
import io.caravan.proto.actor.ClusterView;
import io.caravan.proto.actor.MembershipProtocol;
import io.caravan.proto.actor.MembershipProtocol.Come;
import io.caravan.proto.actor.MembershipProtocol.Command;
import io.caravan.proto.actor.MembershipProtocol.Greet;
import io.caravan.proto.actor.MembershipProtocol.Greeted;
import io.caravan.proto.actor.MembershipProtocol.Move;
import io.caravan.proto.actor.MembershipProtocol.Yield;
import io.caravan.scheduler.actor.GoneMember;
import io.caravan.scheduler.actor.PortProbe;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.ActorSelection;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.eventstream.EventStream;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.apache.pekko.remote.artery.ThisActorSystemQuarantinedEvent;

/**
 * Looks after a process's membership: asks the gateways whether they are there, carries out what {@link Jury} finds, compares
 * settings with the gateways that were there before, and looks for clusters to be one with.
 */
final class MembershipActor extends AbstractBehavior<MembershipActor.Message> {
    /** So that the others are told before this process forgets them. */
    private static final Duration FAREWELL = Duration.ofMillis(200);

    /** What it receives: what others say, and what it finds out. */
    sealed interface Message {}

    private record Told(Command command) implements Message {}

    private record Quarantined(String by, long uid) implements Message {}

    private record Probed(Peer peer, PortProbe.Answer answer) implements Message {}

    private record StrangerProbed(String address, PortProbe.Answer answer) implements Message {}

    private record Moving(List<String> gateways) implements Message {}

    private record Tick() implements Message {}

    private final Cluster cluster;
    private final MembershipSettings patience;
    private final Acquaintances acquaintances;
    private final List<AnswerSetting> settings;
    private final Membership membership;
    private final TimerScheduler<Message> timers;
    private final boolean gateway;
    private final boolean mayFound;
    private final Jury jury;
    private final Strangers strangers = new Strangers();
    private final Map<Long, List<AnswerSetting>> settingsByUid = new HashMap<>();
    private final Set<String> complainedOf = new HashSet<>();
    private final Age age = new Age();
    private final long startNs = System.nanoTime();
    private long clusterHeardNs = startNs;
    private long soughtNs = startNs;
    private long yieldAskedNs;
    private long hostUntilNs;
    private boolean everAsked;
    private boolean everHost;

    private MembershipActor(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            MembershipSettings patience,
            Acquaintances acquaintances,
            List<AnswerSetting> settings,
            boolean mayFound,
            boolean awaitsGateways,
            Membership membership) {
        super(context);
        context.setLoggerName(MembershipActor.class);
        this.timers = timers;
        this.patience = patience;
        this.acquaintances = acquaintances;
        this.settings = settings;
        this.mayFound = mayFound;
        this.membership = membership;
        cluster = Cluster.get(context.getSystem());
        gateway = Roll.of(cluster).self().gateway();
        jury = new Jury(patience, awaitsGateways);
        var quarantined = context.messageAdapter(
                ThisActorSystemQuarantinedEvent.class,
                event -> new Quarantined(
                        event.remoteAddress().address().toString(),
                        event.remoteAddress().uid()));
        context.getSystem()
                .eventStream()
                .tell(new EventStream.Subscribe<>(ThisActorSystemQuarantinedEvent.class, quarantined));
        timers.startTimerWithFixedDelay(new Tick(), gateway ? patience.lookInterval() : patience.workerLookInterval());
    }

    static Behavior<Command> create(
            MembershipSettings patience,
            Acquaintances acquaintances,
            List<AnswerSetting> settings,
            boolean mayFound,
            boolean awaitsGateways,
            Membership membership) {
        Behavior<Message> behavior = Behaviors.setup(context -> Behaviors.withTimers(timers -> new MembershipActor(
                context, timers, patience, acquaintances, settings, mayFound, awaitsGateways, membership)));
        return Behaviors.transformMessages(Command.class, behavior, match -> match.matchAny(Told::new));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Told.class, told -> onCommand(told.command()))
                .onMessage(Tick.class, tick -> onTick())
                .onMessage(Probed.class, this::onProbed)
                .onMessage(StrangerProbed.class, this::onStrangerProbed)
                .onMessage(Quarantined.class, this::onQuarantined)
                .onMessage(Moving.class, this::onMoving)
                .build();
    }

    private Behavior<Message> onCommand(Command command) {
        switch (command) {
            case Greet greet -> {
                greet.replyTo().tell(new Greeted(view(roll())));
                onHeard(greet.from());
            }
            case Greeted greeted -> onHeard(greeted.from());
            case Yield yielding -> onYield(yielding);
            case Come come -> onCome(come);
            case Move move -> lose(move.gateways());
        }
        return this;
    }

    private Behavior<Message> onTick() {
        long nowNs = System.nanoTime();
        Roll roll = roll();
        boolean voter = gateway && roll.up();
        jury.observe(roll.peers(), nowNs);
        jury.toAsk(voter, nowNs).forEach(peer -> greet(peer.address(), roll));
        jury.toProbe(voter, nowNs).forEach(this::probe);
        jury.verdicts(voter, nowNs).forEach(verdict -> carryOut(verdict, roll));
        if (roll.outside()) {
            seek(roll, nowNs);
        }
        if (roll.up()) {
            age.member(nowNs);
            acquaintances.joined();
            acquaintances.meet(others(roll.gateways()));
        }
        if (voter) {
            agree(roll);
            lookForStrangers(roll, nowNs);
        } else if (roll.up() && !gateway) {
            membership.agree();
        }
        return this;
    }

    private Roll roll() {
        return Roll.of(cluster);
    }

    private List<String> others(List<String> addresses) {
        String self = cluster.selfMember().address().toString();
        return addresses.stream().filter(address -> !address.equals(self)).toList();
    }

    private ClusterView view(Roll roll) {
        return new ClusterView(
                roll.self().address(),
                roll.self().uid(),
                gateway,
                roll.up(),
                roll.gateways(),
                roll.workers(),
                age.ms(System.nanoTime()),
                settings);
    }

    private ActorSelection at(String address) {
        return Adapter.toClassic(getContext()).actorSelection(address + "/system/" + MembershipProtocol.NAME);
    }

    private void tell(String address, Command command) {
        at(address).tell(command, org.apache.pekko.actor.ActorRef.noSender());
    }

    private void greet(String address, Roll roll) {
        tell(address, new Greet(view(roll), me()));
    }

    private org.apache.pekko.actor.typed.ActorRef<Command> me() {
        return getContext().getSelf().unsafeUpcast();
    }

    private void probe(Peer peer) {
        getContext()
                .pipeToSelf(
                        PortProbe.ask(peer.address()),
                        (answer, failure) -> new Probed(peer, failure == null ? answer : PortProbe.Answer.SILENT));
    }

    private Behavior<Message> onProbed(Probed probed) {
        if (probed.answer() == PortProbe.Answer.REFUSES) {
            jury.refused(probed.peer().address(), probed.peer().uid());
        }
        return this;
    }

    private void carryOut(Verdict verdict, Roll roll) {
        switch (verdict) {
            case Verdict.Dead dead -> {
                getContext()
                        .getLog()
                        .warn("{} is dead to this cluster: {}", dead.peer().address(), dead.why());
                if (dead.silent() && dead.peer().gateway()) {
                    part(dead.peer(), roll);
                }
                remove(dead);
            }
            case Verdict.Lost lost -> lose(lost.why());
        }
    }

    private void remove(Verdict.Dead dead) {
        Address address = AddressFromURIString.parse(dead.peer().address());
        if (dead.silent()) {
            cluster.manager().tell(new Down(address));
        } else {
            GoneMember.remove(getContext().getSystem(), address, dead.peer().uid());
        }
    }

    /** Remembers how the cluster was parted: who is silent together is taken to be together. */
    private void part(Peer silent, Roll roll) {
        var here = roll.peers().stream().filter(peer -> !peer.unreachable()).toList();
        var there = Stream.concat(roll.peers().stream(), roll.departing().stream())
                .filter(Peer::unreachable)
                .toList();
        var mine = Stream.concat(Stream.of(roll.self()), here.stream()).toList();
        strangers.parted(
                silent.address(),
                side(mine),
                side(Stream.concat(there.stream(), Stream.of(silent)).distinct().toList()));
    }

    private static Side side(List<Peer> peers) {
        return new Side(
                (int) peers.stream().filter(peer -> !peer.gateway()).count(),
                peers.stream().filter(Peer::gateway).map(Peer::address).toList(),
                0);
    }

    private Behavior<Message> onQuarantined(Quarantined quarantined) {
        if (roll().has(quarantined.by(), quarantined.uid())) {
            lose(Addresses.hostAndPort(quarantined.by()) + " has declared it dead");
        }
        return this;
    }

    private void lose(String why) {
        membership.end(new Fate.Lost(why));
    }

    private void lose(List<String> gateways) {
        acquaintances.prefer(others(gateways));
        lose("its cluster joins the one of " + hostsAndPorts(gateways));
    }

    private static String hostsAndPorts(List<String> addresses) {
        return addresses.stream().map(Addresses::hostAndPort).collect(Collectors.joining(", "));
    }

    private void onHeard(ClusterView from) {
        long nowNs = System.nanoTime();
        Roll roll = roll();
        jury.heard(from.address(), from.uid(), nowNs);
        settingsByUid.put(from.uid(), from.settings());
        settingsByUid.keySet().retainAll(roll.uids(from.uid()));
        strangers.heard(from.address());
        if (from.member()) {
            clusterHeardNs = nowNs;
        }
        if (roll.has(from.address(), from.uid())) {
            age.heard(from, nowNs);
        } else if (gateway && from.member() && roll.up()) {
            onStranger(from, nowNs, roll);
        } else if (from.member()) {
            acquaintances.meet(others(from.gateways()));
        }
    }

    /** A gateway compares itself with those that were there before; until it has it takes no part in the pipeline. */
    private void agree(Roll roll) {
        if (membership.isDecided()) {
            return;
        }
        for (Peer peer : roll.peers()) {
            if (peer.gateway() && peer.older()) {
                if (!settingsByUid.containsKey(peer.uid())) {
                    return;
                }
                String differences = SettingsCheck.differences(settings, settingsByUid.get(peer.uid()));
                if (!differences.isEmpty()) {
                    membership.end(new Fate.Refused("this gateway would change the answers of the cluster at "
                            + Addresses.hostAndPort(peer.address()) + ": " + differences
                            + "; start it with the same"));
                    return;
                }
            }
        }
        membership.agree();
    }

    /** Looks for a cluster to join again; founds one where nobody else has one. */
    private void seek(Roll roll, long nowNs) {
        acquaintances.toJoin().stream()
                .filter(address -> !roll.hasAddress(address))
                .forEach(this::probeStranger);
        long foundNs = patience.foundAfter().toNanos();
        if (nowNs - soughtNs >= foundNs) {
            soughtNs = nowNs;
            var all = others(acquaintances.all());
            if (mayFound && nowNs - clusterHeardNs >= foundNs) {
                cluster.manager().tell(Join.create(cluster.selfMember().address()));
            } else if (acquaintances.wasMember() && !all.isEmpty()) {
                cluster.manager()
                        .tell(new JoinSeedNodes(
                                all.stream().map(AddressFromURIString::parse).toList()));
            }
        }
    }

    private void lookForStrangers(Roll roll, long nowNs) {
        acquaintances.all().stream()
                .filter(address -> !roll.hasAddress(address))
                .forEach(this::probeStranger);
        strangers.returned(patience.stableAfter().toNanos(), nowNs).ifPresent(address -> move(List.of(address), roll));
    }

    private void probeStranger(String address) {
        if (strangers.beginProbe(address)) {
            getContext()
                    .pipeToSelf(
                            PortProbe.ask(address),
                            (answer, failure) ->
                                    new StrangerProbed(address, failure == null ? answer : PortProbe.Answer.SILENT));
        }
    }

    private Behavior<Message> onStrangerProbed(StrangerProbed probed) {
        if (probed.answer() == PortProbe.Answer.ACCEPTS) {
            strangers.accepts(probed.address(), System.nanoTime());
            greet(probed.address(), roll());
        } else {
            strangers.doesNotAccept(probed.address());
        }
        return this;
    }

    /** Somebody with another cluster: one of the two joins the other. */
    private void onStranger(ClusterView from, long nowNs, Roll roll) {
        acquaintances.meet(others(from.gateways()));
        if (!from.gateway()) {
            return;
        }
        String differences = SettingsCheck.differences(settings, from.settings());
        if (!differences.isEmpty()) {
            if (complainedOf.add(from.address() + from.uid())) {
                getContext()
                        .getLog()
                        .warn("The cluster at {} stays apart: {}", Addresses.hostAndPort(from.address()), differences);
            }
            return;
        }
        if (Side.of(view(roll)).yieldsTo(Side.of(from))) {
            yieldAskedNs = nowNs;
            everAsked = true;
            tell(from.address(), new Yield(view(roll), me()));
        }
    }

    private boolean isHost(long nowNs) {
        return everHost && nowNs - hostUntilNs < 0;
    }

    private boolean hasAsked(long nowNs) {
        return everAsked && nowNs - yieldAskedNs < patience.hostTime().toNanos() / 2;
    }

    private void onYield(Yield yielding) {
        long nowNs = System.nanoTime();
        Roll roll = roll();
        ClusterView from = yielding.from();
        if (gateway
                && roll.up()
                && !roll.has(from.address(), from.uid())
                && !hasAsked(nowNs)
                && Side.of(from).yieldsTo(Side.of(view(roll)))) {
            hostUntilNs = nowNs + patience.hostTime().toNanos();
            everHost = true;
            yielding.replyTo().tell(new Come(roll.gateways()));
        }
    }

    private void onCome(Come come) {
        long nowNs = System.nanoTime();
        if (hasAsked(nowNs) && !isHost(nowNs)) {
            move(come.gateways(), roll());
        }
    }

    private void move(List<String> gateways, Roll roll) {
        if (!timers.isTimerActive(Moving.class)) {
            getContext().getLog().warn("This cluster joins the one of {}", hostsAndPorts(gateways));
            roll.peers().forEach(peer -> tell(peer.address(), new Move(gateways)));
            timers.startSingleTimer(Moving.class, new Moving(gateways), FAREWELL);
        }
    }

    private Behavior<Message> onMoving(Moving moving) {
        lose(moving.gateways());
        return this;
    }
}
