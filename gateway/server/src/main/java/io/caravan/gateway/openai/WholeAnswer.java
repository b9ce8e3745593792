package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.generation.GenerationEvent;
import io.caravan.gateway.http.Responses;
import io.caravan.proto.sequence.TokenChoice;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.http.javadsl.model.HttpResponse;

/** One answer as a single object. Plain state of a single request. */
final class WholeAnswer {
    private static final class Choice {
        private final StringBuilder text = new StringBuilder();
        private final List<TokenChoice> tokens = new ArrayList<>();
        private final List<GenerationEvent.Finished> end = new ArrayList<>(1);
    }

    private final Answer answer;
    private final List<Choice> choices = new ArrayList<>();
    private final List<GenerationEvent.Failed> failure = new ArrayList<>(1);

    WholeAnswer(Answer answer) {
        this.answer = answer;
        for (int i = 0; i < answer.wish().sequences().size(); i++) {
            var choice = new Choice();
            choice.text.append(answer.wish().form().echo(i));
            choices.add(choice);
        }
    }

    WholeAnswer add(ChoiceEvent event) {
        Choice choice = choices.get(event.index());
        switch (event.event()) {
            case GenerationEvent.Delta delta -> {
                choice.text.append(delta.text());
                choice.tokens.addAll(delta.tokens());
            }
            case GenerationEvent.Finished finished -> choice.end.add(finished);
            case GenerationEvent.Failed failed -> failure.add(failed);
        }
        return this;
    }

    HttpResponse response() {
        if (!failure.isEmpty()) {
            return Responses.error(Failures.of(failure.getFirst()));
        }
        if (choices.stream().anyMatch(choice -> choice.end.isEmpty())) {
            return Responses.error(Failures.cutOff());
        }
        ObjectNode root = answer.envelope(false);
        ArrayNode array = root.putArray("choices");
        int completionTokens = 0;
        for (int i = 0; i < choices.size(); i++) {
            Choice choice = choices.get(i);
            GenerationEvent.Finished end = choice.end.getFirst();
            array.add(answer.whole(new Answer.Part(i, choice.text.toString(), choice.tokens), end.end()));
            completionTokens += end.completionTokenCount();
        }
        root.set("usage", Answer.usage(answer.wish().promptTokenCount(), completionTokens));
        return Responses.json(root);
    }
}
