package io.caravan.gateway.generation;

/** Hears of every generation, for metrics; called by many threads at once and must not block. */
public interface GenerationObserver {

    /** One begins. */
    void began(int promptTokenCount);

    /** Its first token came. */
    void firstToken(long sinceBeginNs);

    /** More tokens came. */
    void moreTokens(int count, long sinceLastNs);

    /**
     * It ended.
     *
     * @param outcome {@code stop}, {@code length}, {@code abort} or {@code error}
     */
    void ended(String outcome, int promptTokenCount, int completionTokenCount, long sinceBeginNs);

    /** Hears and forgets. */
    GenerationObserver NONE = new GenerationObserver() {
        @Override
        public void began(int promptTokenCount) {}

        @Override
        public void firstToken(long sinceBeginNs) {}

        @Override
        public void moreTokens(int count, long sinceLastNs) {}

        @Override
        public void ended(String outcome, int promptTokenCount, int completionTokenCount, long sinceBeginNs) {}
    };
}
