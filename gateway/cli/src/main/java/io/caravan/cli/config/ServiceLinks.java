package io.caravan.cli.config;

import java.util.regex.Pattern;

/**
 * The variables by which Kubernetes tells a container of the Services beside it, and Docker of the containers that it is
 * linked to. Those of a Service named {@code caravan} begin as Caravan's own do, and one of them is even called as a flag's
 * variable: {@code CARAVAN_PORT=tcp://10.96.0.7:80}.
 */
final class ServiceLinks {
    private static final Pattern NAME =
            Pattern.compile("\\w+?_(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)");
    private static final Pattern ADDRESS = Pattern.compile("(tcp|udp|sctp)://\\S+:\\d+");
    private static final String PORT = "_PORT";

    private ServiceLinks() {}

    /** Whether nobody but Kubernetes or Docker gives the variable {@code name} this {@code value}. */
    static boolean include(String name, String value) {
        return NAME.matcher(name).matches()
                || name.endsWith(PORT) && ADDRESS.matcher(value).matches();
    }
}
