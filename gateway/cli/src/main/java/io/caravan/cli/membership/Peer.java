package io.caravan.cli.membership;

/**
 * Another member, as the cluster knows it.
 *
 * @param uid of its actor system: the same process that joined again has another
 * @param older whether it has been a member for longer than this process
 * @param joining whether it waits to be a full member
 * @param unreachable whether some member's failure detector says so
 */
record Peer(String address, long uid, boolean gateway, boolean older, boolean joining, boolean unreachable) {}
