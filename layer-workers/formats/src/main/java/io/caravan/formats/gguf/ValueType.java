package io.caravan.formats.gguf;

/** The types of metadata values; their numbers in a file are their places in this list. */
enum ValueType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(8),
    ARRAY(12),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private final int leastBytes;

    ValueType(int leastBytes) {
        this.leastBytes = leastBytes;
    }

    /** Bytes of a number; of a text or an array, those of its length and type. */
    int leastBytes() {
        return leastBytes;
    }
}
