package io.caravan.gateway.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.gateway.TinyChat;
import io.caravan.gateway.memory.MemoryBudget;
import io.caravan.gateway.memory.MemoryLimits;
import io.caravan.gateway.memory.NoRoomException;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BoundedTokenizerTest {
    private static final Tokenizer PLAIN = TinyChat.open().tokenizer();
    private static final String SENTENCE = "What is 7 plus 5, dear llama? ";

    private final MemoryBudget memory = MemoryBudget.ofHeap(new MemoryLimits(0.5, 4, Duration.ofMillis(100)));

    @Test
    void shouldRefuseALongTextAfterItsFirstPieces() {
        var counting = new CountingTokenizer();
        var bounded = new BoundedTokenizer(counting, () -> 512, memory);

        assertThatThrownBy(() -> bounded.encode(SENTENCE.repeat(100_000), true))
                .isInstanceOf(ContextOverflowException.class)
                .hasMessageContaining("more than 512 tokens");
        assertThat(counting.chars).isLessThan(3 * BoundedTokenizer.PIECE_CHARS);
        assertThat(memory.used()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {SENTENCE, "llama", " ", "\n\n", "🦙", "é中", "</s>"})
    void shouldLetThroughWhatJustFitsWithTheSameTokens(String part) {
        String text = part.repeat(3 * BoundedTokenizer.PIECE_CHARS / part.length());
        TokenIds all = PLAIN.encode(text, true);
        var bounded = new BoundedTokenizer(PLAIN, all::size, memory);

        assertThat(bounded.encode(text, true)).isEqualTo(all);
        assertThat(bounded.encodeRendered(text)).isEqualTo(PLAIN.encodeRendered(text));
        assertThat(memory.used()).isZero();
    }

    @Test
    void shouldRefuseWhatThereIsNoMemoryFor() {
        var tight = MemoryBudget.ofHeap(new MemoryLimits(1e-9, 4, Duration.ofMillis(100)));

        assertThatThrownBy(() -> new BoundedTokenizer(PLAIN, () -> 512, tight).encode(SENTENCE, true))
                .isInstanceOf(NoRoomException.class);
    }

    /** Counts the characters that become tokens. */
    private static final class CountingTokenizer implements Tokenizer {
        private int chars;

        @Override
        public TokenIds encode(String text, boolean addSpecialTokens) {
            chars += text.length();
            return PLAIN.encode(text, addSpecialTokens);
        }

        @Override
        public TokenIds encodeRendered(String text) {
            return encode(text, false);
        }

        @Override
        public String decode(TokenIds ids) {
            return PLAIN.decode(ids);
        }

        @Override
        public String piece(int id) {
            return PLAIN.piece(id);
        }

        @Override
        public List<AddedToken> addedTokens() {
            return PLAIN.addedTokens();
        }

        @Override
        public Tokenizer renamed(Map<String, String> names) {
            return PLAIN.renamed(names);
        }
    }
}
