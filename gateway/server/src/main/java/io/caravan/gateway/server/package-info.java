/**
 * The HTTP server around the gateway's routes: connections, bodies, keys, one shape for every error, and the order of
 * shutting down.
 */
package io.caravan.gateway.server;
