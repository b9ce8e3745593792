package io.caravan.tests.kubernetes;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The variables that kubelet sets in a container for a Service of its namespace. */
final class ServiceVariables {
    private static final String ADDRESS = "10.96.0.7";
    private static final String HEADLESS = "None";

    private ServiceVariables() {}

    static Map<String, String> of(Service service) {
        if (HEADLESS.equals(service.getSpec().getClusterIP())) {
            return Map.of();
        }
        var variables = new LinkedHashMap<String, String>();
        String name = variable(service.getMetadata().getName());
        var ports = service.getSpec().getPorts();
        variables.put(name + "_SERVICE_HOST", ADDRESS);
        variables.put(name + "_SERVICE_PORT", number(ports.getFirst()));
        variables.put(name + "_PORT", url(ports.getFirst()));
        for (ServicePort port : ports) {
            if (port.getName() != null) {
                variables.put(name + "_SERVICE_PORT_" + variable(port.getName()), number(port));
            }
            String link = name + "_PORT_" + number(port) + "_" + protocol(port);
            variables.put(link, url(port));
            variables.put(link + "_PROTO", protocol(port).toLowerCase(Locale.ROOT));
            variables.put(link + "_PORT", number(port));
            variables.put(link + "_ADDR", ADDRESS);
        }
        return variables;
    }

    private static String variable(String name) {
        return name.replace('-', '_').toUpperCase(Locale.ROOT);
    }

    private static String url(ServicePort port) {
        return protocol(port).toLowerCase(Locale.ROOT) + "://" + ADDRESS + ":" + number(port);
    }

    private static String number(ServicePort port) {
        return Integer.toString(port.getPort());
    }

    private static String protocol(ServicePort port) {
        return port.getProtocol() == null ? "TCP" : port.getProtocol();
    }
}
