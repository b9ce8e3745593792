/**
 * One stage of a pipeline on this worker.
 *
 * <p>{@link io.caravan.worker.stage.StageActor} decides: load, connect, drain, give back. {@link
 * io.caravan.worker.stage.StageProxy} queues what it decided. {@link io.caravan.worker.stage.StageRunner} is the stage's one
 * thread: it loads the weights, then runs {@link io.caravan.worker.stage.StageAgent}'s duty cycle, which moves frames and
 * computes, and at the end closes what it opened. Nothing of a stage but its counters is touched by two threads.
 */
package io.caravan.worker.stage;
