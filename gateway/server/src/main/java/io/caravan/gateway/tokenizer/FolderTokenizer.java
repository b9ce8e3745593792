package io.caravan.gateway.tokenizer;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.sentencepiece.SentencePieceModel;
import java.nio.file.Files;
import java.nio.file.Path;

/** The tokenizer of a model folder, by the files that it has. */
final class FolderTokenizer {
    private FolderTokenizer() {}

    /**
     * From {@code tokenizer.json}, or else {@code tokenizer.model}; with neither, one that knows token ids only.
     *
     * @throws TokenizerException when the file is broken or not supported
     */
    static Tokenizer open(Path directory, TokenizerConfig config) {
        if (Files.isRegularFile(directory.resolve(HuggingFaceTokenizer.FILE))) {
            return HuggingFaceTokenizer.open(directory, config);
        }
        Path pieces = directory.resolve(SentencePieceTokenizer.FILE);
        return Files.isRegularFile(pieces)
                ? HuggingFaceTokenizer.read(pieces.toString(), json(pieces), config)
                : new MissingTokenizer(directory);
    }

    /** What a {@code tokenizer.json} would say that means the same as {@code pieces}, a {@code tokenizer.model}. */
    static byte[] json(Path pieces) {
        try {
            return TiktokenVocabulary.isIn(pieces)
                    ? TiktokenVocabulary.read(pieces).json()
                    : SentencePieceTokenizer.json(SentencePieceModel.read(pieces));
        } catch (ModelFormatException e) {
            throw new TokenizerException(e.getMessage(), e);
        }
    }
}
