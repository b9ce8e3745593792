package io.caravan.scheduler.actor;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;

/**
 * Asks the operating system of a member's host whether anybody listens at the member's port.
 *
 * <p>While a process lives, however busy or even stopped, its host accepts connections for it; when it is gone, its host
 * refuses them at once. Only that refusal proves anything: where the host is gone too, or cannot be reached, the cluster's
 * failure detector has to judge.
 */
public final class PortProbe {
    /** Well below the time after which an operating system gives up a connection, which is no refusal. */
    private static final int TIMEOUT_MS = 2_000;

    /** What a host says of a port. */
    public enum Answer {
        /** Somebody listens. */
        ACCEPTS,
        /** Nobody does. */
        REFUSES,
        /** Nothing, in time: there is no such host, or no way to it. */
        SILENT
    }

    private PortProbe() {}

    /** @param member address of an actor system */
    public static CompletionStage<Answer> ask(String member) {
        Address address = AddressFromURIString.parse(member);
        String host = address.getHost().get();
        int port = address.getPort().get();
        return CompletableFuture.supplyAsync(() -> ask(host, port), Thread::startVirtualThread);
    }

    /** Whether the host answered that nobody listens there; false where it did not answer in time. */
    static CompletionStage<Boolean> refuses(String member) {
        return ask(member).thenApply(answer -> answer == Answer.REFUSES);
    }

    private static Answer ask(String host, int port) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(host, port), TIMEOUT_MS);
            return Answer.ACCEPTS;
        } catch (ConnectException refused) {
            return Answer.REFUSES;
        } catch (IOException unknown) {
            return Answer.SILENT;
        }
    }
}
