package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StopStringsTest {
    @Test
    void shouldFindAStringAcrossTheBordersOfPieces() {
        var stops = new StopStrings(List.of("END"));

        assertThat(stops.next("abc E")).isEqualTo("abc ");
        assertThat(stops.next("N")).isEmpty();
        assertThat(stops.next("D more")).isEmpty();
        assertThat(stops.found()).isTrue();
        assertThat(stops.finish()).isEmpty();
    }

    @Test
    void shouldShowWhatOnlyLookedLikeAStopString() {
        var stops = new StopStrings(List.of("\n\nUser:"));

        assertThat(stops.next("one\n")).isEqualTo("one");
        assertThat(stops.next("two\n\nUs")).isEqualTo("\ntwo");
        assertThat(stops.next("ed")).isEqualTo("\n\nUsed");
        assertThat(stops.found()).isFalse();
    }

    @Test
    void shouldShowWhatWasHeldBackWhenNothingFollows() {
        var stops = new StopStrings(List.of("stop"));

        assertThat(stops.next("a st")).isEqualTo("a ");
        assertThat(stops.finish()).isEqualTo("st");
    }

    @Test
    void shouldHoldNothingBackWithoutStopStrings() {
        assertThat(new StopStrings(List.of()).next("all of it")).isEqualTo("all of it");
    }

    @Test
    void shouldAnswerTheSameHoweverTheTextIsCut() {
        for (long seed = 0; seed < 2000; seed++) {
            var random = new Random(seed);
            List<String> wanted = List.of(word(random, 1 + random.nextInt(4)), word(random, 1 + random.nextInt(4)));
            String text = word(random, 12);
            var atOnce = new StopStrings(wanted);
            String expected = atOnce.next(text) + atOnce.finish();

            var cut = new StopStrings(wanted);
            var shown = new StringBuilder();
            for (int at = 0; at < text.length(); ) {
                int until = Math.min(text.length(), at + 1 + random.nextInt(3));
                shown.append(cut.next(text.substring(at, until)));
                at = until;
            }
            shown.append(cut.finish());

            assertThat(shown.toString()).as("seed %d", seed).isEqualTo(expected);
            assertThat(cut.found())
                    .isEqualTo(atOnce.found())
                    .isEqualTo(wanted.stream().anyMatch(text::contains));
        }
    }

    private static String word(Random random, int length) {
        var word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append((char) ('a' + random.nextInt(2)));
        }
        return word.toString();
    }
}
