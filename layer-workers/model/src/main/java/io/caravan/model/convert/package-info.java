/** Writes a model in another format or in other types of weights. */
package io.caravan.model.convert;
