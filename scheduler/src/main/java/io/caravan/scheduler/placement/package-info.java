/** Which layers go to which worker: a pure function of measured workers and the model's sizes. */
package io.caravan.scheduler.placement;
