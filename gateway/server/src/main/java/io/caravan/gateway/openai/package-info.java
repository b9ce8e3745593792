/**
 * The OpenAI-compatible API: a body becomes an {@link io.caravan.gateway.openai.Wish}, a wish becomes generations, and
 * their events become one JSON object or a stream of chunks.
 */
package io.caravan.gateway.openai;
