/**
 * The parts of a LLaMA transformer, each a forward function over tensors of a device. None of them knows where keys and
 * values are kept: that is the {@link io.caravan.model.layer.AttentionContext}'s.
 */
package io.caravan.model.layer;
