package io.caravan.tests.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.draft.Drafter;
import io.caravan.proto.draft.TokenLog;
import io.caravan.proto.sequence.TokenIds;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Drafts that are right, wrong, right up to a point, short or empty, and sometimes take their time. */
final class RandomDrafter implements Drafter {
    private static final int MAX_DELAY = 3;

    private final Random random;
    private final int rightPercent;
    private final Map<Long, Integer> delays = new HashMap<>();

    RandomDrafter(Random random) {
        this.random = random;
        rightPercent = 10 * random.nextInt(11);
    }

    @Override
    public Optional<TokenIds> draft(long sequenceId, TokenLog tokens, int most) {
        assertThat(most).isPositive();
        if (isLate(sequenceId)) {
            return Optional.empty();
        }
        int count = random.nextInt(4) == 0 ? random.nextInt(most + 1) : most;
        int known = tokens.size();
        int[] all = new int[known + count];
        for (int i = 0; i < known; i++) {
            all[i] = tokens.get(i);
        }
        for (int i = known; i < all.length; i++) {
            boolean right = random.nextInt(100) < rightPercent;
            all[i] = right ? TokenFunction.next(all, i) : random.nextInt(TokenFunction.VOCABULARY);
        }
        return Optional.of(TokenIds.of(Arrays.copyOfRange(all, known, all.length)));
    }

    private boolean isLate(long sequenceId) {
        int delay = delays.getOrDefault(sequenceId, 0);
        boolean late = delay < MAX_DELAY && random.nextInt(4) == 0;
        delays.put(sequenceId, late ? delay + 1 : 0);
        return late;
    }

    @Override
    public void forget(long sequenceId) {
        delays.remove(sequenceId);
    }

    /** Whether a sequence sits out until its draft is there. */
    boolean someoneWaits() {
        return delays.values().stream().anyMatch(delay -> delay > 0);
    }

    /** Sequences that something is kept of. */
    Iterable<Long> known() {
        return delays.keySet();
    }
}
