package io.caravan.scheduler.placement;

import io.caravan.proto.actor.WorkerInfo;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Workers that must be equally fast: those of one host that compute with the same kernels on as many threads. What each
 * measured of itself differs all the same, by whatever else ran in that moment; layers dealt out by such numbers make one
 * stage wait for the other. What else runs only ever slows a measurement down, so the fastest of them holds for all.
 */
final class Twins {
    private record Kind(String host, String kernels, int threadCount) {
        static Kind of(WorkerInfo worker) {
            return new Kind(host(worker.address()), worker.kernels(), worker.threadCount());
        }

        /** Of {@code pekko://system@host:port}. */
        private static String host(String address) {
            int port = address.lastIndexOf(':');
            int hostAt = address.lastIndexOf('@') + 1;
            return address.substring(hostAt, port > hostAt ? port : address.length());
        }
    }

    private Twins() {}

    /** The same workers, twins with one bandwidth. */
    static List<WorkerInfo> levelled(List<WorkerInfo> workers) {
        Map<Kind, Long> fastest = new HashMap<>();
        for (var worker : workers) {
            fastest.merge(Kind.of(worker), worker.bandwidthBytesPerSecond(), Math::max);
        }
        return workers.stream()
                .map(worker -> worker.withBandwidth(fastest.get(Kind.of(worker))))
                .toList();
    }
}
