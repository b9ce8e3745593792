/** The chat page at {@code /} and the pipeline's state as JSON at {@code /status}, which the page shows. */
package io.caravan.gateway.web;
