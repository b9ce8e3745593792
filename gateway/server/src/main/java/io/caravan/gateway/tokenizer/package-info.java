/**
 * Text becomes token ids and token ids become text here, and nowhere else.
 *
 * <p>{@link io.caravan.gateway.tokenizer.ServedModel} is a model folder as the gateway needs it: a {@link
 * io.caravan.gateway.tokenizer.Tokenizer}, a {@link io.caravan.gateway.tokenizer.ChatTemplate} and the sampling that its
 * makers recommend. Jinjava and the native tokenizers are seen in this package only.
 */
package io.caravan.gateway.tokenizer;
