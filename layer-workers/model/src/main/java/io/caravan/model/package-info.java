/** A stage of a model: a contiguous range of layers with their weights, their part of the KV cache, and their scratch. */
package io.caravan.model;
