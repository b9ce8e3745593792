/**
 * What the quantised storage formats mean: for each, how a quantisation block becomes floats, and for those that weights
 * are quantised to, how floats become a block. The layouts are GGUF's, as its reference implementation (ggml) defines them.
 */
package io.caravan.kernels.quant;
