package io.caravan.proto.step;

/**
 * What one stage did for one step; every stage adds its own as the step passes.
 *
 * @param stage index in the pipeline
 * @param hopNs from the sender's last write to this stage's read, by the hosts' clocks: true on one host, and as good as
 *     the clocks agree between hosts
 * @param waitNs how long the stage was idle before
 * @param computeNs how long its kernels ran
 */
public record StageTiming(int stage, long hopNs, long waitNs, long computeNs) {}
