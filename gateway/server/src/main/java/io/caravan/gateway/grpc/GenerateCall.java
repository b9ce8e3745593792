package io.caravan.gateway.grpc;

import io.caravan.gateway.generation.GenerationRequest;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.tokenizer.ChatMessage;
import io.caravan.gateway.tokenizer.ChatTemplateException;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.tokenizer.TokenizerException;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.v1.Chat;
import io.caravan.proto.v1.GenerateRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** Turns a {@link GenerateRequest} into a generation, or says as a gRPC status what is wrong with it. */
final class GenerateCall {
    /** Most stop strings of a request. */
    static final int MAX_STOP_COUNT = 16;

    private final ServedModel model;
    private final Duration deadline;

    GenerateCall(ServedModel model, Duration deadline) {
        this.model = model;
        this.deadline = deadline;
    }

    /**
     * The generation that {@code request} asks for.
     *
     * @throws io.grpc.StatusRuntimeException INVALID_ARGUMENT or NOT_FOUND, naming the field
     */
    GenerationRequest generation(GenerateRequest request) {
        if (!request.getModel().isEmpty() && !request.getModel().equals(model.name())) {
            throw Status.NOT_FOUND
                    .withDescription("model '" + Outside.echo(request.getModel()) + "' is not served here; '"
                            + model.name() + "' is")
                    .asRuntimeException();
        }
        if (request.getStopCount() > MAX_STOP_COUNT) {
            throw invalid("stop: at most " + MAX_STOP_COUNT + " strings, not " + request.getStopCount());
        }
        if (request.getStopList().contains("")) {
            throw invalid("stop: an empty string would stop everything");
        }
        try {
            var prompt = prompt(request);
            int room = model.spec().maxPositions() - prompt.size();
            if (prompt.isEmpty() || room < 1) {
                throw invalid("the prompt has " + prompt.size() + " tokens; the context holds "
                        + model.spec().maxPositions() + " with the answer, which needs at least one");
            }
            int wanted = request.getMaxTokens();
            if (wanted < 0) {
                throw invalid("max_tokens is too large: " + Integer.toUnsignedString(wanted));
            }
            return new GenerationRequest(
                    prompt,
                    wanted == 0 ? room : Math.min(wanted, room),
                    request.getIgnoreEos() ? TokenIds.EMPTY : model.endTokens(),
                    sampling(request),
                    request.getStopList(),
                    deadline);
        } catch (ChatTemplateException | TokenizerException | IllegalArgumentException wrong) {
            throw invalid(Outside.echo(Outside.words(wrong.getMessage())));
        }
    }

    private TokenIds prompt(GenerateRequest request) {
        return switch (request.getInputCase()) {
            case CHAT -> model.chatTokens(messages(request.getChat()), true);
            case PROMPT -> model.promptTokens(request.getPrompt());
            case PROMPT_TOKENS ->
                ids(
                        "prompt_tokens",
                        request.getPromptTokens().getIdsList(),
                        model.spec().vocabSize());
            case INPUT_NOT_SET -> throw invalid("input: one of chat, prompt and prompt_tokens is needed");
        };
    }

    private static List<ChatMessage> messages(Chat chat) {
        List<ChatMessage> messages = new ArrayList<>();
        for (var message : chat.getMessagesList()) {
            String where = "chat.messages[" + messages.size() + "].role";
            String role = ChatMessage.role(message.getRole())
                    .orElseThrow(() -> invalid(where + " must be " + ChatMessage.ROLES));
            messages.add(new ChatMessage(role, message.getContent()));
        }
        return messages;
    }

    /** Unsigned ids of the wire as token ids that the model knows. */
    static TokenIds ids(String field, List<Integer> given, int vocabSize) {
        int[] ids = given.stream().mapToInt(Integer::intValue).toArray();
        for (int id : ids) {
            if (id < 0 || id >= vocabSize) {
                throw invalid(field + ": ids must be below " + vocabSize + ", not " + Integer.toUnsignedString(id));
            }
        }
        return TokenIds.of(ids);
    }

    private Sampling sampling(GenerateRequest request) {
        var asked = request.getSampling();
        var otherwise = model.defaults();
        for (int id : asked.getLogitBiasMap().keySet()) {
            if (id < 0 || id >= model.spec().vocabSize()) {
                throw invalid("sampling.logit_bias: ids must be below "
                        + model.spec().vocabSize() + ", not " + Integer.toUnsignedString(id));
            }
        }
        return new Sampling(
                asked.hasTemperature() ? asked.getTemperature() : otherwise.temperature(),
                asked.hasTopK() ? asked.getTopK() : otherwise.topK(),
                asked.hasTopP() ? asked.getTopP() : otherwise.topP(),
                asked.hasMinP() ? asked.getMinP() : otherwise.minP(),
                asked.hasRepetitionPenalty() ? asked.getRepetitionPenalty() : otherwise.repetitionPenalty(),
                asked.getPresencePenalty(),
                asked.getFrequencyPenalty(),
                asked.hasSeed() ? asked.getSeed() : ThreadLocalRandom.current().nextLong(),
                request.hasTopLogprobs() ? request.getTopLogprobs() : -1,
                asked.getLogitBiasMap());
    }

    private static RuntimeException invalid(String message) {
        return Status.INVALID_ARGUMENT.withDescription(message).asRuntimeException();
    }
}
