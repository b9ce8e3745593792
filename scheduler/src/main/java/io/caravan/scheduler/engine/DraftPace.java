package io.caravan.scheduler.engine;

/**
 * How long a sequence's next draft may be, from how its last ones fared: longer while they are right, shorter when they are
 * not, and after nothing was right for a while a pause, twice as long each time. So text that nobody can guess costs next
 * to nothing, and text that repeats itself comes in long runs.
 */
final class DraftPace {
    private static final int FIRST_LENGTH = 4;
    private static final int LONGEST_PAUSE = 32;

    private int length = FIRST_LENGTH;
    private int pause;
    private int nextPause = 1;

    /** Most tokens of the next draft; 0 during a pause. */
    int length() {
        return pause > 0 ? 0 : length;
    }

    /** A step of the sequence came back, with {@code accepted} of {@code drafted} tokens right. */
    void observe(int drafted, int accepted) {
        if (drafted == 0) {
            pause = Math.max(0, pause - 1);
        } else if (accepted > 0) {
            length = accepted == drafted ? Math.max(length, 2 * drafted) : accepted + 1;
            nextPause = 1;
        } else if (length > 1) {
            length /= 2;
        } else {
            pause = nextPause;
            nextPause = Math.min(LONGEST_PAUSE, 2 * nextPause);
        }
    }
}
