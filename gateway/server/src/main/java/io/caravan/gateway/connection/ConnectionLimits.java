package io.caravan.gateway.connection;

import java.time.Duration;

/**
 * The bounds of the connections to one port.
 *
 * @param most open at once, before silent ones have to go
 * @param reserved more, for probes, where all of those are at work
 * @param requestTimeout how long the first request may take to come, from the moment the connection was accepted
 * @param idleTimeout how long the next one may
 */
public record ConnectionLimits(int most, int reserved, Duration requestTimeout, Duration idleTimeout) {}
