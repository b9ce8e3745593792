package io.caravan.formats.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * A metadata value, still as the file's bytes: most of a file's metadata is a vocabulary, which few readers ask for.
 *
 * @param type of the value, or of an array's elements
 * @param count elements of an array; 1 otherwise
 * @param data the elements, one after the other
 */
record GgufValue(ValueType type, boolean array, long count, MemorySegment data) {

    /** Reads the value of {@code key}, whose bytes come next. */
    static GgufValue read(String key, GgufBytes bytes) {
        ValueType type = type(key, bytes);
        if (type != ValueType.ARRAY) {
            return new GgufValue(type, false, 1, elements(key, type, 1, bytes));
        }
        ValueType elementType = type(key, bytes);
        if (elementType == ValueType.ARRAY) {
            throw bytes.wrong("has arrays within an array as " + key + ", which is not supported");
        }
        long count = bytes.count("elements of " + key, elementType.leastBytes());
        return new GgufValue(elementType, true, count, elements(key, elementType, count, bytes));
    }

    private static ValueType type(String key, GgufBytes bytes) {
        int number = bytes.int32("the type of " + key);
        if (number < 0 || number >= ValueType.values().length) {
            throw bytes.wrong("gives " + key + " the type " + number + ", which GGUF does not have");
        }
        return ValueType.values()[number];
    }

    private static MemorySegment elements(String key, ValueType type, long count, GgufBytes bytes) {
        if (type != ValueType.STRING) {
            return bytes.take(count * type.leastBytes(), key);
        }
        long begin = bytes.position();
        for (long i = 0; i < count; i++) {
            bytes.textBytes(key);
        }
        return bytes.since(begin);
    }

    boolean isInteger() {
        return switch (type) {
            case UINT8, INT8, UINT16, INT16, UINT32, INT32, UINT64, INT64 -> true;
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
        };
    }

    boolean isNumber() {
        return isInteger() || type == ValueType.FLOAT32 || type == ValueType.FLOAT64;
    }

    /** Element {@code index} of integers; those of 64 bits without a sign that are beyond 2^63 come out negative. */
    long integer(long index) {
        long at = index * type.leastBytes();
        return switch (type) {
            case UINT8, BOOL -> Byte.toUnsignedLong(data.get(ValueLayout.JAVA_BYTE, at));
            case INT8 -> data.get(ValueLayout.JAVA_BYTE, at);
            case UINT16 -> Short.toUnsignedLong(data.get(GgufBytes.SHORT, at));
            case INT16 -> data.get(GgufBytes.SHORT, at);
            case UINT32 -> Integer.toUnsignedLong(data.get(GgufBytes.INT, at));
            case INT32 -> data.get(GgufBytes.INT, at);
            case UINT64, INT64 -> data.get(GgufBytes.LONG, at);
            case FLOAT32, FLOAT64, STRING, ARRAY -> throw new IllegalStateException(type + " is no integer");
        };
    }

    double number(long index) {
        return switch (type) {
            case FLOAT32 -> Float.intBitsToFloat(data.get(GgufBytes.INT, index * Float.BYTES));
            case FLOAT64 -> Double.longBitsToDouble(data.get(GgufBytes.LONG, index * Double.BYTES));
            default -> integer(index);
        };
    }

    /** All elements of texts. */
    List<String> texts() {
        var texts = new ArrayList<String>(Math.toIntExact(count));
        var bytes = new GgufBytes("metadata", data);
        for (long i = 0; i < count; i++) {
            texts.add(bytes.text("a text"));
        }
        return texts;
    }
}
