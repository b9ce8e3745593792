package io.caravan.scheduler.recovery;

import io.caravan.proto.actor.StageState;
import io.caravan.proto.model.HeldWeights;
import io.caravan.scheduler.placement.StagePlace;

/**
 * What people are shown of a stage.
 *
 * @param placed whether a worker is to host it; else {@code place} names the one that was lost
 * @param loadedShare of its weights, 0 to 1
 */
public record StageView(
        StagePlace place,
        boolean placed,
        StageState state,
        double loadedShare,
        String kernels,
        HeldWeights weights,
        long kvBytes) {}
