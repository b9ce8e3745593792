package io.caravan.scheduler.actor;

import io.caravan.proto.model.ModelRef;
import io.caravan.proto.model.ModelSpec;

/**
 * The model that a pipeline is to serve.
 *
 * @param spec its sizes
 * @param ref where workers find it
 */
public record ModelPlan(ModelSpec spec, ModelRef ref) {}
