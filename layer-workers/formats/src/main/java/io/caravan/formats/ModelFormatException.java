package io.caravan.formats;

/** A checkpoint cannot be used; the message says what was wrong, in which file, and what would be right. */
public final class ModelFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelFormatException(String message) {
        super(message);
    }

    public ModelFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
