package io.caravan.gateway.grpc;

import io.caravan.gateway.connection.ConnectionLimits;
import io.caravan.gateway.memory.MemoryBudget;
import java.time.Duration;

/**
 * Bounds of calls and connections.
 *
 * @param maxMessageBytes of a request
 * @param messageTimeout how long it may take to come
 * @param maxCalls of one connection at once
 * @param memory of all requests that are read
 */
public record GrpcLimits(
        int maxMessageBytes,
        Duration messageTimeout,
        ConnectionLimits connections,
        int maxCalls,
        MemoryBudget memory) {}
