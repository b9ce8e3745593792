package io.caravan.gateway.tokenizer;

import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The tokens by which a chat template tells a model who speaks and where a turn ends. Only the template may write them: in
 * what a message says their texts are texts like any other.
 */
final class ControlTokens {
    /** Where a chat may say anything, or where there is none. */
    static final ControlTokens NONE = new ControlTokens(List.of(), List.of());

    /** A control token in a text, up to before {@code end}. */
    record Place(int start, int end, AddedToken token) {}

    private final List<AddedToken> tokens;
    private final Set<Integer> ids;
    private final TokenTrie exact;
    private final TokenTrie anyCase;
    private final Set<Character> edges = new HashSet<>();

    private ControlTokens(List<AddedToken> tokens, List<AddedToken> all) {
        this.tokens = tokens;
        this.ids = tokens.stream().map(AddedToken::id).collect(Collectors.toSet());
        this.exact = new TokenTrie(false, all);
        this.anyCase = new TokenTrie(true, tokens);
        for (AddedToken each : tokens) {
            for (char edge : new char[] {
                each.text().charAt(0), each.text().charAt(each.text().length() - 1)
            }) {
                edges.add(Character.toLowerCase(edge));
                edges.add(Character.toUpperCase(edge));
            }
        }
    }

    /**
     * Those of a tokenizer's added tokens that are special, that end an answer, or that the template
     * writes around the turns of any chat.
     *
     * @param ends tokens that end an answer
     */
    static ControlTokens of(List<AddedToken> all, TokenIds ends, ServedModel.ChatPrompt prompt) {
        String written = SampleChat.around(prompt);
        List<AddedToken> control = all.stream()
                .filter(each -> !each.text().isBlank())
                .filter(each -> each.special() || ends.contains(each.id()) || written.contains(each.text()))
                .toList();
        return new ControlTokens(control, all);
    }

    boolean isEmpty() {
        return tokens.isEmpty();
    }

    List<AddedToken> tokens() {
        return tokens;
    }

    /** Where they stand in {@code text}, as a tokenizer finds them: from left to right, the longest first. */
    List<Place> in(String text) {
        List<Place> places = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            var found = exact.at(text, at);
            if (found.isEmpty()) {
                at++;
                continue;
            }
            int end = at + found.get().text().length();
            if (ids.contains(found.get().id())) {
                places.add(new Place(at, end, found.get()));
            }
            at = end;
        }
        return places;
    }

    /** How often each stands in {@code text}. */
    Map<String, Integer> countsIn(String text) {
        Map<String, Integer> counts = new HashMap<>();
        in(text).forEach(place -> counts.merge(place.token().text(), 1, Integer::sum));
        return counts;
    }

    /** {@code text} with other names for them. */
    String renamed(String text, UnaryOperator<String> name) {
        var renamed = new StringBuilder(text.length());
        int from = 0;
        for (Place place : in(text)) {
            renamed.append(text, from, place.start())
                    .append(name.apply(place.token().text()));
            from = place.end();
        }
        return renamed.append(text, from, text.length()).toString();
    }

    /**
     * Where the next of them begins in what a message says, in capitals or not, for a template may change them; the text's
     * end where none follows.
     */
    int nextIn(String text, int from) {
        int at = from;
        while (at < text.length() && anyCase.at(text, at).isEmpty()) {
            at++;
        }
        return at;
    }

    /** Whether it begins or ends one of them. */
    boolean isEdge(char c) {
        return edges.contains(c);
    }

    /** Whether a message's whole text is a part of one of them, so that a template might write the rest. */
    boolean isPart(String text) {
        String inner = text.strip();
        return !inner.isEmpty() && tokens.stream().anyMatch(each -> containsIgnoringCase(each.text(), inner));
    }

    private static boolean containsIgnoringCase(String whole, String part) {
        for (int at = 0; at + part.length() <= whole.length(); at++) {
            if (whole.regionMatches(true, at, part, 0, part.length())) {
                return true;
            }
        }
        return false;
    }

    /** Whether {@code ids} has more of them than {@code text} writes, a first one that begins the sequence aside. */
    boolean exceed(TokenIds ids, String text) {
        List<Place> places = in(text);
        boolean written = !places.isEmpty() && places.getFirst().start() == 0;
        long found =
                ids.stream().skip(written ? 0 : 1).filter(this.ids::contains).count();
        return found > places.size();
    }
}
