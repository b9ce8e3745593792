/** The gRPC service of {@code caravan.v1}: the same generations as over HTTP, as typed messages. */
package io.caravan.gateway.grpc;
