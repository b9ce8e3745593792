package io.caravan.proto.draft;

/** The tokens of a sequence so far, prompt and completion: a view that only ever grows. */
public interface TokenLog {

    /** How many there are, at least one. */
    int size();

    /** The token at {@code position}, which is below {@link #size()}. */
    int get(int position);
}
