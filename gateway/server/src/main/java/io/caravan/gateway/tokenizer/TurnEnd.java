package io.caravan.gateway.tokenizer;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The token that a chat template writes behind an answer, which is the one that its model has learnt to end an answer with.
 * It is found by looking: a chat is rendered, and what follows the answer's text is the token, white space aside.
 */
final class TurnEnd {
    private static final String QUESTION = "Where does the caravan go";
    private static final String ANSWER = "It goes over the dunes";

    private final ServedModel.ChatPrompt prompt;
    private final List<AddedToken> added;

    private TurnEnd(ServedModel.ChatPrompt prompt, List<AddedToken> added) {
        this.prompt = prompt;
        this.added = added.stream().filter(each -> !each.text().isBlank()).toList();
    }

    /** The token, if there is a template and it writes one. */
    static OptionalInt of(ServedModel.ChatPrompt prompt, List<AddedToken> added) {
        var end = new TurnEnd(prompt, added);
        var question = new ChatMessage("user", QUESTION);
        var answer = new ChatMessage("assistant", ANSWER);
        Optional<AddedToken> found = end.behindAnswer(List.of(question, answer, question))
                .or(() -> end.behindAnswer(List.of(question, answer)));
        return found.map(each -> OptionalInt.of(each.id())).orElseGet(OptionalInt::empty);
    }

    private Optional<AddedToken> behindAnswer(List<ChatMessage> chat) {
        String text;
        try {
            text = prompt.render(chat, false);
        } catch (ChatTemplateException refused) {
            return Optional.empty();
        }
        int question = text.indexOf(QUESTION);
        int answer = text.indexOf(ANSWER);
        if (question < 0 || answer < question) {
            return Optional.empty();
        }
        int behind = answer + ANSWER.length();
        int next = text.indexOf(QUESTION, behind);
        String between = text.substring(behind, next < 0 ? text.length() : next).stripLeading();
        // what is the same before the first question begins a question, and ends no answer
        boolean onlyBegins = next >= 0 && text.substring(0, question).endsWith(between);
        return onlyBegins ? Optional.empty() : startOf(between);
    }

    private Optional<AddedToken> startOf(String text) {
        return added.stream()
                .filter(each -> text.startsWith(each.text()))
                .max(Comparator.comparingInt(each -> each.text().length()));
    }
}
