package io.caravan.kernels;

import java.util.Arrays;

/**
 * Attention's parts cut further, by the segments of positions that a part's rows see. Segments of a part follow each other.
 *
 * @param firsts the first segment part of each part, and their count at the end
 * @param partOf the part that each belongs to
 * @param firstSegments the first segment that each part's rows see
 * @param firstRows how many rows of segment parts come before each, and of all at the end
 */
record SegmentParts(AttentionParts parts, int[] firsts, int[] partOf, int[] firstSegments, int[] firstRows) {

    /** Cuts at multiples of {@code positions}. */
    static SegmentParts of(AttentionParts parts, PagedRows where, KvLayer kv, int positions) {
        var firsts = new int[parts.count() + 1];
        var firstSegments = new int[parts.count()];
        for (var part = 0; part < parts.count(); part++) {
            var own = Arrays.stream(where.positions(), parts.rowFrom(part), parts.rowTo(part))
                    .summaryStatistics();
            firstSegments[part] = kv.rule().firstVisible(own.getMin()) / positions;
            firsts[part + 1] = firsts[part] + own.getMax() / positions + 1 - firstSegments[part];
        }
        var count = firsts[parts.count()];
        var partOf = new int[count];
        var firstRows = new int[count + 1];
        for (var part = 0; part < parts.count(); part++) {
            for (var index = firsts[part]; index < firsts[part + 1]; index++) {
                partOf[index] = part;
                firstRows[index + 1] = firstRows[index] + parts.rowTo(part) - parts.rowFrom(part);
            }
        }
        return new SegmentParts(parts, firsts, partOf, firstSegments, firstRows);
    }

    int count() {
        return partOf.length;
    }

    int part(int index) {
        return partOf[index];
    }

    /** Where the segments of a part begin. */
    int first(int part) {
        return firsts[part];
    }

    int segmentCount(int part) {
        return firsts[part + 1] - firsts[part];
    }

    /** Which segment it is, counted from the sequence's begin. */
    int segment(int index) {
        return firstSegments[partOf[index]] + index - firsts[partOf[index]];
    }

    long firstRow(int index) {
        return firstRows[index];
    }

    /** Rows of all segment parts together. */
    long rowCount() {
        return firstRows[count()];
    }
}
