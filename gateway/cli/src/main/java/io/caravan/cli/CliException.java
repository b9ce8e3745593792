package io.caravan.cli;

/** Something the user can understand and change; shown as one line, without a stack trace. */
public final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public CliException(String message) {
        super(message);
    }

    public CliException(String message, Throwable cause) {
        super(message, cause);
    }
}
