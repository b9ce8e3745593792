package io.caravan.gateway.tokenizer;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The token that a chat template writes behind an answer, which is the one that its model has learnt to end an answer with.
 * It is found by looking: what follows an answer's text in a rendered chat is the token, white space aside.
 */
final class TurnEnd {
    private final List<AddedToken> added;

    private TurnEnd(List<AddedToken> added) {
        this.added = added.stream().filter(each -> !each.text().isBlank()).toList();
    }

    /** The token, if there is a template and it writes one. */
    static Optional<AddedToken> of(ServedModel.ChatPrompt prompt, List<AddedToken> added) {
        var end = new TurnEnd(added);
        return end.in(SampleChat.asked(prompt)).or(() -> end.in(SampleChat.answered(prompt)));
    }

    private Optional<AddedToken> in(String chat) {
        int question = chat.indexOf(SampleChat.QUESTION);
        int answer = chat.indexOf(SampleChat.ANSWER);
        if (question < 0 || answer < question) {
            return Optional.empty();
        }
        int behind = answer + SampleChat.ANSWER.length();
        int next = chat.indexOf(SampleChat.QUESTION, behind);
        String between = chat.substring(behind, next < 0 ? chat.length() : next).stripLeading();
        // what is the same before the first question begins a question, and ends no answer
        boolean onlyBegins = next >= 0 && chat.substring(0, question).endsWith(between);
        return onlyBegins ? Optional.empty() : beginningOf(between);
    }

    private Optional<AddedToken> beginningOf(String text) {
        return added.stream()
                .filter(each -> text.startsWith(each.text()))
                .max(Comparator.comparingInt(each -> each.text().length()));
    }
}
