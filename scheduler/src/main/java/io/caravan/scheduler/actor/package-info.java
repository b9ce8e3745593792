/** The pipeline's cluster singleton: an actor that decides, and a thread that schedules. */
package io.caravan.scheduler.actor;
