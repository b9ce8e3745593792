package io.caravan.oracle;

import io.caravan.model.kv.KvShape;
import io.caravan.proto.sequence.TokenIds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Gives out blocks in no order, and again after use without clearing them, so that nothing can lean on either. */
final class BlockTables {
    private final int blockTokens;
    private final List<Integer> free = new ArrayList<>();
    private final Map<Long, List<Integer>> tables = new HashMap<>();
    private final Random random = new Random(7);

    BlockTables(KvShape shape) {
        blockTokens = shape.blockTokens();
        for (int block = 0; block < shape.blockCount(); block++) {
            free.add(block);
        }
        Collections.shuffle(free, random);
    }

    /** The sequence's blocks, enough for {@code positionCount} positions. */
    TokenIds table(long sequenceId, int positionCount) {
        List<Integer> table = tables.computeIfAbsent(sequenceId, id -> new ArrayList<>());
        while (table.size() * blockTokens < positionCount) {
            table.add(free.removeLast());
        }
        return TokenIds.of(table.stream().mapToInt(Integer::intValue).toArray());
    }

    void release(long sequenceId) {
        free.addAll(tables.remove(sequenceId));
        Collections.shuffle(free, random);
    }
}
