/** From logits to a token: the same one whenever and wherever a sequence is computed again. */
package io.caravan.model.sampling;
