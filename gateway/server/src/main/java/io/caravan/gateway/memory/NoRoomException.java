package io.caravan.gateway.memory;

/** There is no memory for a request now, or never. */
public final class NoRoomException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean passing;

    NoRoomException(String message, boolean passing) {
        super(message, null, false, false);
        this.passing = passing;
    }

    /** Whether a later try may find room. */
    public boolean passing() {
        return passing;
    }
}
