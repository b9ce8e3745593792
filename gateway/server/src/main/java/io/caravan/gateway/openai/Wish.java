package io.caravan.gateway.openai;

import io.caravan.gateway.generation.GenerationRequest;
import io.caravan.proto.sequence.TokenIds;
import java.util.List;

/**
 * A request to the API, understood.
 *
 * @param sequences one for each choice of the answer, in their order
 * @param promptTokenCount of all prompts, each counted once
 */
record Wish(List<GenerationRequest> sequences, int promptTokenCount, Form form) {
    Wish {
        sequences = List.copyOf(sequences);
    }

    /**
     * How the answer is to look.
     *
     * @param echoes texts that go before each choice; empty where none were asked for
     * @param logprobs whether they are told
     * @param tokenIds whether the ids of prompt and completion are told
     */
    record Form(
            boolean stream,
            boolean includeUsage,
            boolean continuousUsage,
            boolean logprobs,
            boolean tokenIds,
            List<String> echoes) {
        Form {
            echoes = List.copyOf(echoes);
        }

        /** What goes before the choice's own text. */
        String echo(int index) {
            return echoes.isEmpty() ? "" : echoes.get(index);
        }
    }

    TokenIds prompt(int index) {
        return sequences.get(index).prompt();
    }
}
