package io.caravan.proto.actor;

import java.util.List;

/**
 * What a process says of itself and of the cluster that it is with.
 *
 * @param address of its actor system
 * @param uid of its actor system: one that was started anew at the same address has another
 * @param gateway whether it is one
 * @param member whether it is a full member of a cluster
 * @param gateways addresses of the gateways that it is with, itself included
 * @param workers how many are members
 * @param ageMs how long the oldest gateway of its cluster has been one
 * @param settings of a gateway on which answers depend
 */
public record ClusterView(
        String address,
        long uid,
        boolean gateway,
        boolean member,
        List<String> gateways,
        int workers,
        long ageMs,
        List<AnswerSetting> settings) {

    public ClusterView {
        gateways = List.copyOf(gateways);
        settings = List.copyOf(settings);
    }
}
