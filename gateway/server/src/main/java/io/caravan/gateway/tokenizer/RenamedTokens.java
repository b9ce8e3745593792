package io.caravan.gateway.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** A {@code tokenizer.json} in which some tokens have other texts, and nothing makes them of pieces. */
final class RenamedTokens {
    private final ObjectNode json;
    private final Map<String, String> names;

    private RenamedTokens(ObjectNode json, Map<String, String> names) {
        this.json = json;
        this.names = names;
    }

    /** {@code tokenizerJson} with the tokens of {@code names} under their new ones. */
    static byte[] in(byte[] tokenizerJson, Map<String, String> names) throws IOException {
        var mapper = new ObjectMapper();
        var renamed = new RenamedTokens((ObjectNode) mapper.readTree(tokenizerJson), names);
        renamed.renameAdded();
        renamed.renamePieces(renamed.json.path("model"));
        return mapper.writeValueAsBytes(renamed.json);
    }

    private void renameAdded() {
        for (JsonNode each : json.path("added_tokens")) {
            String text = each.path("content").asText();
            if (names.containsKey(text) && each instanceof ObjectNode token) {
                // the name is written as it is, whatever becomes of the text around it
                token.put("content", names.get(text)).put("normalized", false);
            }
        }
    }

    /** The vocabulary has most of them too, and a piece that is found there needs no added token. */
    private void renamePieces(JsonNode model) {
        switch (model.path("vocab")) {
            case ObjectNode vocab ->
                names.forEach((text, name) -> {
                    if (vocab.has(text)) {
                        vocab.set(name, vocab.remove(text));
                    }
                });
            case ArrayNode pieces -> pieces.forEach(this::renamePiece);
            default -> {}
        }
        if (model instanceof ObjectNode own
                && names.containsKey(own.path("unk_token").asText())) {
            own.put("unk_token", names.get(own.path("unk_token").asText()));
        }
        if (model.path("merges") instanceof ArrayNode merges) {
            List<JsonNode> kept = StreamSupport.stream(merges.spliterator(), false)
                    .filter(each -> !makesOne(each))
                    .toList();
            merges.removeAll().addAll(kept);
        }
    }

    private void renamePiece(JsonNode piece) {
        if (piece instanceof ArrayNode pair && names.containsKey(pair.path(0).asText())) {
            pair.set(0, pair.textNode(names.get(pair.path(0).asText())));
        }
    }

    /** Older files write a merge as "a b", newer ones as a pair. */
    private boolean makesOne(JsonNode merge) {
        int space = merge.asText().indexOf(' ');
        String left = merge.isArray() ? merge.path(0).asText() : merge.asText().substring(0, Math.max(0, space));
        String right = merge.isArray() ? merge.path(1).asText() : merge.asText().substring(space + 1);
        return names.containsKey(left + right) || names.containsKey(left) || names.containsKey(right);
    }
}
