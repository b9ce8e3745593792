package io.caravan.gateway.tokenizer;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Finds the longest of several tokens at a place of a text, in a time that does not depend on how many there are. */
final class TokenTrie {
    private static final class Node {
        private final Map<Character, Node> next = new HashMap<>();
        private Optional<AddedToken> end = Optional.empty();
    }

    private final Node root = new Node();
    private final BitSet beginnings = new BitSet();
    private final boolean anyCase;

    /** @param anyCase whether letters match whatever their case */
    TokenTrie(boolean anyCase, Iterable<AddedToken> tokens) {
        this.anyCase = anyCase;
        for (AddedToken token : tokens) {
            Node node = root;
            beginnings.set(key(token.text().charAt(0)));
            for (int i = 0; i < token.text().length(); i++) {
                node = node.next.computeIfAbsent(key(token.text().charAt(i)), c -> new Node());
            }
            node.end = Optional.of(token);
        }
    }

    /** The longest token that stands in {@code text} from {@code at} on. */
    Optional<AddedToken> at(String text, int at) {
        if (!beginnings.get(key(text.charAt(at)))) {
            return Optional.empty();
        }
        Optional<AddedToken> longest = Optional.empty();
        Node node = root;
        for (int i = at; i < text.length(); i++) {
            node = node.next.get(key(text.charAt(i)));
            if (node == null) {
                break;
            }
            longest = node.end.isPresent() ? node.end : longest;
        }
        return longest;
    }

    private char key(char c) {
        return anyCase ? Character.toLowerCase(Character.toUpperCase(c)) : c;
    }
}
