package io.caravan.gateway.grpc;

import io.caravan.gateway.memory.MemoryBudget;
import java.time.Duration;

/**
 * Bounds of calls and connections.
 *
 * @param maxMessageBytes of a request
 * @param messageTimeout how long it may take to come
 * @param handshakeTimeout how long a connection may take to become one
 * @param idleTimeout how long it may be without a call
 * @param memory of all requests that are read
 */
public record GrpcLimits(
        int maxMessageBytes,
        Duration messageTimeout,
        Duration handshakeTimeout,
        Duration idleTimeout,
        MemoryBudget memory) {}
