package io.caravan.proto.frame;

/** Bytes that are not the frame they were taken for; the message says what was expected and what was found. */
public final class FrameException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public FrameException(String message) {
        super(message);
    }

    FrameException(String message, Throwable cause) {
        super(message, cause);
    }
}
