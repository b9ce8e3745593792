/** The keys and values of a stage's own layers, in blocks whose ids the scheduler gives out. */
package io.caravan.model.kv;
