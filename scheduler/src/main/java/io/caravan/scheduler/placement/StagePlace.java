package io.caravan.scheduler.placement;

import io.caravan.proto.model.LayerRange;

/** A stage's layers and the address of the worker that hosts it. */
public record StagePlace(int index, LayerRange layers, String worker) {}
