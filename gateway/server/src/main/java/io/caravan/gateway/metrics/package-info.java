/** What the gateway counts and what the pipeline tells of itself, in Prometheus' text format. */
package io.caravan.gateway.metrics;
