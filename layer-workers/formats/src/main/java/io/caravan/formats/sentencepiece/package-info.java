/** SentencePiece's {@code tokenizer.model}: which pieces a vocabulary has and how texts are cut into them. */
package io.caravan.formats.sentencepiece;
