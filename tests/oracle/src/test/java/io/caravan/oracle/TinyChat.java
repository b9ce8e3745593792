package io.caravan.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.proto.sequence.TokenIds;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;

/** The chat model that Caravan ships, and the answers that the float64 reference gives with it. */
final class TinyChat {
    static final Path DIRECTORY = Path.of(System.getProperty("basedir", ""))
            .toAbsolutePath()
            .resolve("../../gateway/cli/src/main/dist/models/tiny-chat")
            .normalize();

    /** A rendered prompt and its greedy answer, which ends with the end of sequence. */
    record Chat(TokenIds prompt, TokenIds answer) {}

    private TinyChat() {}

    static List<Chat> chats() {
        JsonNode expected = OracleModel.json(DIRECTORY.resolve("expected.json"));
        return StreamSupport.stream(expected.spliterator(), false)
                .map(chat -> new Chat(
                        TokenIds.of(OracleModel.ints(chat.get("prompt_ids"))),
                        TokenIds.of(OracleModel.ints(chat.get("answer_ids")))))
                .toList();
    }
}
