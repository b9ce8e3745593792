package io.caravan.gateway.tokenizer;

import java.util.BitSet;
import java.util.List;

/**
 * One chat's messages, in which the control tokens that they spell are disguised while a template handles them: the first
 * character of each has a twin that no message uses. A twin is neither a letter nor white space and as long as what it
 * stands for, so that what templates do to texts leaves it alone. A message that spells none stays as it is.
 */
final class Disguise {
    private static final char FIRST_PRIVATE = '\uE000';
    private static final char LAST_PRIVATE = '\uF8FF';

    private final ControlTokens control;
    private final List<ChatMessage> given;
    private final List<ChatMessage> messages;
    private final StringBuilder originals = new StringBuilder();
    private final StringBuilder twins = new StringBuilder();

    Disguise(ControlTokens control, List<ChatMessage> given) {
        this.control = control;
        this.given = given;
        this.messages = given.stream()
                .map(each -> new ChatMessage(each.role(), disguised(each.content())))
                .toList();
    }

    /** For the template. */
    List<ChatMessage> messages() {
        return messages;
    }

    /** Whether no message spells a control token. */
    boolean isUnused() {
        return twins.isEmpty();
    }

    /** What was rendered, as it was meant. */
    String restored(String text) {
        String restored = text;
        for (int i = 0; i < twins.length(); i++) {
            restored = restored.replace(twins.charAt(i), originals.charAt(i));
        }
        return restored;
    }

    /** Whether a template could make a control token of what a message says and of something beside it. */
    boolean isDangerous() {
        return given.stream().map(ChatMessage::content).anyMatch(this::isDangerous);
    }

    private boolean isDangerous(String text) {
        return text.chars().anyMatch(c -> control.isEdge((char) c)) || control.isPart(text);
    }

    /** The same chat with nothing in it of which a control token could be made. */
    List<ChatMessage> inert() {
        char dull = unused();
        return given.stream()
                .map(each -> new ChatMessage(each.role(), inert(each.content(), dull)))
                .toList();
    }

    private String inert(String text, char dull) {
        boolean part = control.isPart(text);
        var changed = new StringBuilder(text);
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (part && !Character.isWhitespace(c) || control.isEdge(c)) {
                changed.setCharAt(at, dull);
            }
        }
        return changed.toString();
    }

    private String disguised(String text) {
        int at = control.nextIn(text, 0);
        if (at == text.length()) {
            return text;
        }
        var changed = new StringBuilder(text);
        while (at < text.length()) {
            changed.setCharAt(at, twin(text.charAt(at)));
            at = control.nextIn(text, at + 1);
        }
        return changed.toString();
    }

    private char twin(char original) {
        int known = originals.indexOf(String.valueOf(original));
        if (known >= 0) {
            return twins.charAt(known);
        }
        char twin = unused();
        originals.append(original);
        twins.append(twin);
        return twin;
    }

    private char unused() {
        var used = new BitSet();
        given.forEach(each -> each.content().chars().forEach(used::set));
        twins.chars().forEach(used::set);
        int free = used.nextClearBit(FIRST_PRIVATE);
        if (free > LAST_PRIVATE) {
            throw new ChatTemplateException("the messages spell control tokens and use every character from U+E000 to"
                    + " U+F8FF, one of which is needed to tell them from the chat template's own");
        }
        return (char) free;
    }
}
