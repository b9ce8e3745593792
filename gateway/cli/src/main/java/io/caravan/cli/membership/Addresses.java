package io.caravan.cli.membership;

/** Addresses of actor systems, for people. */
final class Addresses {
    private Addresses() {}

    /** Of {@code pekko://system@host:port}. */
    static String hostAndPort(String address) {
        return address.substring(address.indexOf('@') + 1);
    }
}
