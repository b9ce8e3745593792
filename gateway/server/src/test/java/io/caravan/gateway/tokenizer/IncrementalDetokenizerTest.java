package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.sequence.TokenIds;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class IncrementalDetokenizerTest {
    private static final int RUNS = 300;
    private static List<Tokenizer> tokenizers;

    @BeforeAll
    static void open(@TempDir Path directory) {
        tokenizers = List.of(
                TestTokenizers.withoutLeadingSpace(),
                TestTokenizers.withLeadingSpace(directory.resolve("spaced")),
                TestTokenizers.byteLevel(directory.resolve("bytes")));
    }

    static List<Tokenizer> tokenizers() {
        return tokenizers;
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void shouldTellInAllWhatTheTokensSayAtOnce(Tokenizer tokenizer) {
        for (long seed = 0; seed < RUNS; seed++) {
            var random = new Random(seed);
            TokenIds before = random.nextBoolean() ? TokenIds.EMPTY : tokenizer.encode(text(random), false);
            TokenIds answer = tokenizer.encode(text(random), false);
            String whole = tokenizer
                    .decode(before.concat(answer))
                    .substring(tokenizer.decode(before).length());

            assertThat(told(tokenizer, before, answer)).as("seed %d", seed).isEqualTo(whole);
        }
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void shouldNeverSplitACharacter(Tokenizer tokenizer) {
        for (long seed = 0; seed < RUNS; seed++) {
            var detokenizer = new IncrementalDetokenizer(tokenizer, TokenIds.EMPTY);
            for (int id : tokenizer.encode(text(new Random(seed)), false).toArray()) {
                String piece = detokenizer.next(id);
                assertThat(piece).as("seed %d", seed).doesNotContain("\uFFFD");
                assertThat(new String(piece.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                        .isEqualTo(piece);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void shouldTellTheGoodCharactersAmongBrokenOnes(Tokenizer tokenizer) {
        for (long seed = 0; seed < RUNS; seed++) {
            var random = new Random(seed);
            int[] ids = random.ints(40, 6, 250).toArray();
            List<Integer> all = new ArrayList<>();
            for (int id : ids) {
                all.add(id);
            }
            for (int id : tokenizer.encode("the end", false).toArray()) {
                all.add(id);
            }
            TokenIds answer =
                    TokenIds.of(all.stream().mapToInt(Integer::intValue).toArray());

            assertThat(told(tokenizer, TokenIds.EMPTY, answer))
                    .as("seed %d", seed)
                    .endsWith("the end");
        }
    }

    @Test
    void shouldHoldBackOnlySoManyTokensForACharacterThatNeverEnds() {
        Tokenizer tokenizer = TestTokenizers.withoutLeadingSpace();
        int continuation = byteToken(0x80);
        var detokenizer = new IncrementalDetokenizer(tokenizer, TokenIds.EMPTY);
        int silent = 0;
        while (detokenizer.next(continuation).isEmpty()) {
            silent++;
            assertThat(silent).isLessThan(IncrementalDetokenizer.MAX_HELD_TOKENS);
        }

        assertThat(silent).isEqualTo(IncrementalDetokenizer.MAX_HELD_TOKENS - 1);
    }

    @Test
    void shouldTellWhatWasHeldBackAtTheEnd() {
        Tokenizer tokenizer = TestTokenizers.withoutLeadingSpace();
        var detokenizer = new IncrementalDetokenizer(tokenizer, TokenIds.EMPTY);

        assertThat(detokenizer.next(byteToken(0xF0))).isEmpty();
        assertThat(detokenizer.finish()).isEqualTo("\uFFFD");
        assertThat(detokenizer.finish()).isEmpty();
    }

    /** tiny-chat's byte tokens begin at 6. */
    private static int byteToken(int value) {
        return 6 + value;
    }

    private static String told(Tokenizer tokenizer, TokenIds before, TokenIds answer) {
        var detokenizer = new IncrementalDetokenizer(tokenizer, before);
        var told = new StringBuilder();
        for (int id : answer.toArray()) {
            told.append(detokenizer.next(id));
        }
        return told.append(detokenizer.finish()).toString();
    }

    private static String text(Random random) {
        String[] kinds = {
            " ", "  ", "\n", "the llama", " the", "é", "ü", "🦙", "👩‍👩‍👧", "漢字", "नमस्ते", ".", "a", "\t", "1"
        };
        var text = new StringBuilder();
        int pieces = 1 + random.nextInt(20);
        for (int i = 0; i < pieces; i++) {
            if (random.nextInt(4) == 0) {
                int codePoint = 0x21 + random.nextInt(0x1FFFF);
                if (Character.isDefined(codePoint)
                        && !(codePoint >= 0xD800 && codePoint <= 0xDFFF)
                        && codePoint != 0xFFFD
                        && codePoint != 0x2581) {
                    text.appendCodePoint(codePoint);
                }
            }
            text.append(kinds[random.nextInt(kinds.length)]);
        }
        return text.toString();
    }
}
