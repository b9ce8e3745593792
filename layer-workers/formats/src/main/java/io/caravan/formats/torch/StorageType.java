package io.caravan.formats.torch;

import java.util.Map;

/** What the elements of a storage are, by the names that PyTorch's pickles give its storage classes. */
enum StorageType {
    F32(4),
    F16(2),
    BF16(2),
    F64(8),
    I64(8),
    I32(4),
    I16(2),
    I8(1),
    U8(1),
    BOOL(1),
    C64(8);

    private static final Map<String, StorageType> BY_CLASS = Map.ofEntries(
            Map.entry("torch.FloatStorage", F32),
            Map.entry("torch.HalfStorage", F16),
            Map.entry("torch.BFloat16Storage", BF16),
            Map.entry("torch.DoubleStorage", F64),
            Map.entry("torch.LongStorage", I64),
            Map.entry("torch.IntStorage", I32),
            Map.entry("torch.ShortStorage", I16),
            Map.entry("torch.CharStorage", I8),
            Map.entry("torch.ByteStorage", U8),
            Map.entry("torch.BoolStorage", BOOL),
            Map.entry("torch.ComplexFloatStorage", C64));

    private final int bytes;

    StorageType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    int bytes() {
        return bytes;
    }

    static boolean isNamed(String className) {
        return BY_CLASS.containsKey(className);
    }

    static StorageType named(String className) {
        return BY_CLASS.get(className);
    }
}
