package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.gateway.generation.GenerationRequest;
import io.caravan.gateway.http.ApiError;
import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;

/** Reads what both kinds of completion have in common. */
final class WishReader {
    /** Tokens of a completion whose client gave no limit, as OpenAI has it; a chat may go on to the context's end. */
    private static final int DEFAULT_COMPLETION_TOKENS = 16;

    private static final String N_PREDICT = "n_predict";
    private static final List<String> LIMITS =
            List.of("max_completion_tokens", "max_tokens", N_PREDICT, "max_new_tokens");

    private final ServedModel model;
    private final ApiLimits limits;
    private final IntSupplier contextTokens;

    /**
     * A reader of requests for one model.
     *
     * @param contextTokens longest sequence that the pipeline takes now
     */
    WishReader(ServedModel model, ApiLimits limits, IntSupplier contextTokens) {
        this.model = model;
        this.limits = limits;
        this.contextTokens = contextTokens;
    }

    ServedModel model() {
        return model;
    }

    /** A chat completion. */
    Wish chat(JsonFields fields) {
        checkModel(fields);
        Unsupported.refuseInChat(fields);
        var chat = ChatFields.read(fields);
        boolean logprobs = fields.flag("logprobs", false);
        int top = (int) fields.whole("top_logprobs", 0, 0, Sampling.MAX_TOP_LOGPROBS);
        if (top > 0 && !logprobs) {
            throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs: true");
        }
        TokenIds prompt = chat.tokens(model);
        return wish(fields, List.of(prompt), List.of(), logprobs ? top : -1, Integer.MAX_VALUE);
    }

    /** A completion of prompts. */
    Wish completion(JsonFields fields) {
        checkModel(fields);
        Unsupported.refuse(fields);
        int top = (int) fields.whole("logprobs", -1, 0, Sampling.MAX_TOP_LOGPROBS);
        List<PromptField.Prompt> prompts = PromptField.read(fields, model);
        boolean echo = fields.flag("echo", false);
        if (echo && top >= 0) {
            throw ApiException.invalid("echo", "echo together with logprobs is not supported");
        }
        List<TokenIds> tokens = prompts.stream().map(PromptField.Prompt::tokens).toList();
        List<String> echoes =
                echo ? prompts.stream().map(prompt -> prompt.text(model)).toList() : List.of();
        return wish(fields, tokens, echoes, top, DEFAULT_COMPLETION_TOKENS);
    }

    private Wish wish(
            JsonFields fields, List<TokenIds> prompts, List<String> echoes, int topLogprobs, int defaultTokens) {
        int n = (int) fields.whole("n", 1, 1, limits.maxSequences());
        if ((long) n * prompts.size() > limits.maxSequences()) {
            throw ApiException.invalid(
                    "n",
                    prompts.size() + " prompts times n=" + n + " are more than the " + limits.maxSequences()
                            + " sequences that one request may ask for");
        }
        Sampling sampling = SamplingFields.read(
                fields, model.defaults(), topLogprobs, model.spec().vocabSize());
        int most = mostTokens(fields, defaultTokens);
        TokenIds ends = endTokens(fields);
        List<String> stops = stopStrings(fields);
        List<GenerationRequest> sequences = new ArrayList<>();
        List<String> choiceEchoes = new ArrayList<>();
        int promptTokens = 0;
        for (int p = 0; p < prompts.size(); p++) {
            TokenIds prompt = prompts.get(p);
            int room = room(prompt);
            promptTokens += prompt.size();
            for (int i = 0; i < n; i++) {
                Sampling own = SamplingFields.reseeded(sampling, i);
                sequences.add(new GenerationRequest(prompt, Math.min(most, room), ends, own, stops, limits.deadline()));
                if (!echoes.isEmpty()) {
                    choiceEchoes.add(echoes.get(p));
                }
            }
        }
        return new Wish(sequences, promptTokens, form(fields, topLogprobs >= 0, choiceEchoes));
    }

    private Wish.Form form(JsonFields fields, boolean logprobs, List<String> echoes) {
        JsonFields options = fields.object("stream_options");
        return new Wish.Form(
                fields.flag("stream", false),
                options.flag("include_usage", false),
                options.flag("continuous_usage_stats", false),
                logprobs,
                fields.flag("return_token_ids", false),
                echoes);
    }

    /** The limit under the first of its names that is there; -1 is llama-server's word for none. */
    private static int mostTokens(JsonFields fields, int otherwise) {
        for (String name : LIMITS) {
            if (fields.has(name)) {
                boolean none = name.equals(N_PREDICT) && fields.raw(name).asInt() == -1;
                return none ? Integer.MAX_VALUE : (int) fields.whole(name, otherwise, 1, Integer.MAX_VALUE);
            }
        }
        return otherwise;
    }

    /** Tokens that a completion may have after {@code prompt}. */
    private int room(TokenIds prompt) {
        int context = contextTokens.getAsInt();
        if (prompt.size() >= context) {
            throw new ApiException(new ApiError(
                    400,
                    "the prompt has " + prompt.size() + " tokens, but a sequence can have " + context
                            + " in all, its completion included: shorten the prompt",
                    ApiError.Type.INVALID_REQUEST,
                    "",
                    "context_length_exceeded"));
        }
        return context - prompt.size();
    }

    private TokenIds endTokens(JsonFields fields) {
        TokenIds own = TokenIds.of(JsonFields.wholes(
                "stop_token_ids",
                fields.array("stop_token_ids"),
                0,
                model.spec().vocabSize() - 1));
        return fields.flag("ignore_eos", false) ? own : model.endTokens().concat(own);
    }

    private List<String> stopStrings(JsonFields fields) {
        JsonNode stop = fields.raw("stop");
        List<String> stops = new ArrayList<>();
        if (stop.isTextual()) {
            stops.add(stop.textValue());
        } else {
            if (fields.has("stop") && !stop.isArray()) {
                throw fields.wrongType("stop", "a string or an array of strings", stop);
            }
            for (JsonNode each : fields.array("stop")) {
                if (!each.isTextual()) {
                    throw JsonFields.wrongTypeAt("stop[" + stops.size() + "]", "a string", each);
                }
                stops.add(each.textValue());
            }
        }
        if (stops.size() > limits.maxStopStrings()) {
            throw ApiException.invalid(
                    "stop", "stop may have " + limits.maxStopStrings() + " strings at most, not " + stops.size());
        }
        if (stops.contains("")) {
            throw ApiException.invalid("stop", "stop must not have an empty string");
        }
        return stops;
    }

    private void checkModel(JsonFields fields) {
        String wanted = fields.text("model", model.name());
        if (!wanted.equals(model.name())) {
            throw new ApiException(new ApiError(
                    404,
                    "the model " + Outside.echo(wanted) + " is not served here; " + model.name() + " is",
                    ApiError.Type.INVALID_REQUEST,
                    "model",
                    "model_not_found"));
        }
    }
}
