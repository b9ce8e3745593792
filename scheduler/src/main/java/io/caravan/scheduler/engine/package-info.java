/**
 * The scheduling engine: which sequences run in which step, and in which blocks their keys and values lie. Pure and
 * driven by one thread; time comes in as an argument.
 */
package io.caravan.scheduler.engine;
