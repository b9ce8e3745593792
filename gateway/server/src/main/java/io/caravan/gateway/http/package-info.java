/**
 * What all routes share: finding the handler, reading bodies, keys, cross-origin rules, one shape for every error, and
 * knowing when a client has gone. {@link io.caravan.gateway.http.HttpFront} stands before the handlers of the other
 * packages, which see {@link io.caravan.gateway.http.ApiCall} only.
 */
package io.caravan.gateway.http;
