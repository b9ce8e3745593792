package io.caravan.proto.model;

/** A contiguous run of transformer layers, {@code first} inclusive to {@code end} exclusive. */
public record LayerRange(int first, int end) {
    public LayerRange {
        if (first < 0 || end <= first) {
            throw new IllegalArgumentException(
                    "a layer range needs 0 <= first < end, not [" + first + ", " + end + ")");
        }
    }

    public int layerCount() {
        return end - first;
    }

    @Override
    public String toString() {
        return "layers " + first + ".." + (end - 1);
    }
}
