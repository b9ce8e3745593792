/** What a model is, in sizes and shapes, without its weights. */
package io.caravan.proto.model;
