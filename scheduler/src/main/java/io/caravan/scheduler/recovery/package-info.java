/** Bringing a pipeline up and keeping it up: a pure state machine from events to effects. */
package io.caravan.scheduler.recovery;
