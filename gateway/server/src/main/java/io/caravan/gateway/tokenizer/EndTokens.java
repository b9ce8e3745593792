package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The tokens that end an answer: all that any of a model's files names, and the one that its chat template writes behind
 * an answer. Files of one model often name different ones; a model that draws one which nobody counts goes on and
 * invents the next turns.
 */
final class EndTokens {
    private static final List<String> FILES =
            List.of("config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json");
    private static final List<String> KEYS = List.of("eos_token_id", "eos_token");

    private final Tokenizer tokenizer;
    private final Set<Integer> ids = new LinkedHashSet<>();

    private EndTokens(ModelSpec spec, Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        spec.eosTokenIds().stream().forEach(ids::add);
    }

    /** Of a model folder. */
    static TokenIds ofFolder(Path folder, ModelSpec spec, Tokenizer tokenizer, ServedModel.ChatPrompt prompt) {
        var ends = new EndTokens(spec, tokenizer);
        for (String file : FILES) {
            JsonNode json = TokenizerConfig.json(folder.resolve(file));
            KEYS.forEach(key -> ends.add(json.path(key)));
        }
        return ends.with(prompt, spec.vocabSize());
    }

    /** Of a file whose metadata names {@code eosToken}, empty where it names none, beside what {@code spec} has. */
    static TokenIds ofMetadata(String eosToken, ModelSpec spec, Tokenizer tokenizer, ServedModel.ChatPrompt prompt) {
        var ends = new EndTokens(spec, tokenizer);
        ends.addText(eosToken);
        return ends.with(prompt, spec.vocabSize());
    }

    /** A number, a text, an object with one of them, or a list of these. */
    private void add(JsonNode value) {
        switch (value.getNodeType()) {
            case NUMBER -> ids.add(value.asInt());
            case STRING -> addText(value.textValue());
            case ARRAY -> value.forEach(this::add);
            case OBJECT -> {
                add(value.path("content"));
                add(value.path("id"));
            }
            case NULL, MISSING, BOOLEAN, BINARY, POJO -> {}
        }
    }

    private void addText(String text) {
        for (AddedToken each : tokenizer.addedTokens()) {
            if (each.text().equals(text)) {
                ids.add(each.id());
                return;
            }
        }
        if (!text.isEmpty() && !(tokenizer instanceof MissingTokenizer)) {
            TokenIds whole = tokenizer.encode(text, false);
            if (whole.size() == 1 && tokenizer.piece(whole.get(0)).equals(text)) {
                ids.add(whole.get(0));
            }
        }
    }

    /** An id without a row in the model is never drawn. */
    private TokenIds with(ServedModel.ChatPrompt prompt, int vocabSize) {
        TurnEnd.of(prompt, tokenizer.addedTokens()).ifPresent(end -> ids.add(end.id()));
        return TokenIds.of(ids.stream()
                .mapToInt(Integer::intValue)
                .filter(id -> id >= 0 && id < vocabSize)
                .toArray());
    }
}
