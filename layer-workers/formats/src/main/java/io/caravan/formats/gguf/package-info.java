/**
 * GGUF, llama.cpp's file format: one file, or several parts, with metadata, tokenizer and tensors. The layout is that of
 * the GGUF specification, versions 2 and 3, little-endian; names and types are those that llama.cpp's converter writes.
 */
package io.caravan.formats.gguf;
