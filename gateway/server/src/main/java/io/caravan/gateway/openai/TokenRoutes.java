package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.http.Responses;
import io.caravan.gateway.http.Routes;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.tokenizer.TokenizerException;
import io.caravan.proto.sequence.TokenIds;
import java.util.concurrent.Executor;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** {@code /tokenize} and {@code /detokenize}, with the fields of vLLM and of llama-server. */
public final class TokenRoutes {
    private TokenRoutes() {}

    /** The routes for one model; texts are read on {@code reading}. */
    public static Routes of(ServedModel model, Executor reading) {
        return new Routes()
                .post("/tokenize", call -> call.read(reading, fields -> tokenize(fields, model)))
                .post("/detokenize", call -> call.read(reading, fields -> detokenize(fields, model)));
    }

    private static HttpResponse tokenize(JsonFields fields, ServedModel model) {
        TokenIds ids = fields.has("messages") ? ofChat(fields, model) : ofText(fields, model);
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("count", ids.size());
        root.put("max_model_len", model.spec().maxPositions());
        ArrayNode tokens = root.putArray("tokens");
        ids.stream().forEach(tokens::add);
        return Responses.json(root);
    }

    private static TokenIds ofChat(JsonFields fields, ServedModel model) {
        Unsupported.refuseInChat(fields);
        return ChatFields.read(fields).tokens(model);
    }

    private static TokenIds ofText(JsonFields fields, ServedModel model) {
        String name = fields.has("content") ? "content" : "prompt";
        try {
            boolean special = fields.flag("add_special_tokens", name.equals("prompt"));
            return model.tokenizer().encode(fields.text(name), special);
        } catch (TokenizerException e) {
            throw ApiException.invalid(name, Outside.words(e.getMessage()));
        }
    }

    private static HttpResponse detokenize(JsonFields fields, ServedModel model) {
        fields.require("tokens");
        int[] ids = JsonFields.wholes(
                "tokens", fields.array("tokens"), 0, model.spec().vocabSize() - 1);
        String text = model.tokenizer().decode(TokenIds.of(ids));
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("prompt", text);
        root.put("content", text);
        return Responses.json(root);
    }
}
