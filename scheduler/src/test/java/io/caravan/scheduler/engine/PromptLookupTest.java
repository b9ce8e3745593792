package io.caravan.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.draft.TokenLog;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PromptLookupTest {

    /** A sequence that a test lets grow. */
    private record Growing(List<Integer> ids) implements TokenLog {
        static Growing of(Integer... ids) {
            return new Growing(new ArrayList<>(List.of(ids)));
        }

        @Override
        public int size() {
            return ids.size();
        }

        @Override
        public int get(int position) {
            return ids.get(position);
        }
    }

    private final PromptLookup lookup = new PromptLookup();

    private TokenIds draft(TokenLog tokens, int most) {
        return lookup.draft(1, tokens, most).orElseThrow();
    }

    @Test
    void shouldGoOnAsWhereTheLastTokensStoodBefore() {
        assertThat(draft(Growing.of(1, 2, 3, 4, 5, 9, 2, 3), 2)).isEqualTo(TokenIds.of(4, 5));
    }

    @Test
    void shouldPreferTheLongerMatchAndThenTheLater() {
        assertThat(draft(Growing.of(1, 2, 3, 4, 8, 2, 3, 5, 8, 2, 3, 6, 1, 2, 3), 1))
                .isEqualTo(TokenIds.of(4));
        assertThat(lookup.draft(2, Growing.of(8, 2, 3, 5, 8, 2, 3, 6, 7, 2, 3), 1))
                .contains(TokenIds.of(6));
    }

    @Test
    void shouldRepeatWhatRepeats() {
        assertThat(draft(Growing.of(1, 2, 1, 2), 5)).isEqualTo(TokenIds.of(1, 2, 1, 2, 1));
    }

    @Test
    void shouldGuessNothingWhereNothingIsKnown() {
        assertThat(draft(Growing.of(1), 4)).isEqualTo(TokenIds.EMPTY);
        assertThat(lookup.draft(2, Growing.of(1, 2, 3, 4), 4)).contains(TokenIds.EMPTY);
    }

    @Test
    void shouldFindWhatCameSinceTheLastGuess() {
        var tokens = Growing.of(1, 2, 3);
        assertThat(draft(tokens, 4)).isEqualTo(TokenIds.EMPTY);
        tokens.ids().addAll(List.of(7, 8, 9, 2, 3));

        assertThat(draft(tokens, 2)).isEqualTo(TokenIds.of(7, 8));
    }

    @Test
    void shouldForgetASequence() {
        draft(Growing.of(1, 2, 3, 1, 2), 1);
        lookup.forget(1);

        assertThat(draft(Growing.of(5, 6, 7, 5, 6), 1)).isEqualTo(TokenIds.of(7));
    }

    @Test
    void shouldGuessOnlyWhatFollowedTheSameTokensHoweverLongTheSequence() {
        var random = new Random(3);
        var tokens = Growing.of(0);
        int guesses = 0;
        for (int i = 0; i < 40_000; i++) {
            tokens.ids().add(random.nextInt(100));
            TokenIds guess = draft(tokens, 1);
            if (!guess.isEmpty() && i % 500 == 0) {
                assertThat(followers(tokens.ids())).contains(guess.get(0));
                guesses++;
            }
        }
        assertThat(guesses).isPositive();
    }

    /** What followed the last two tokens wherever they stood before. */
    private static List<Integer> followers(List<Integer> ids) {
        int size = ids.size();
        var followers = new ArrayList<Integer>();
        for (int i = 2; i < size; i++) {
            if (ids.get(i - 2).equals(ids.get(size - 2)) && ids.get(i - 1).equals(ids.get(size - 1))) {
                followers.add(ids.get(i));
            }
        }
        return followers;
    }
}
