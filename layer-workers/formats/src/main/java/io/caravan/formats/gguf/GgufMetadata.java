package io.caravan.formats.gguf;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Metadata that is to be written, in the order in which it was put; what is put again replaces the earlier value. */
public final class GgufMetadata {
    /** Values as the file has them, type first. */
    private final Map<String, byte[]> values = new LinkedHashMap<>();

    public GgufMetadata put(String key, String text) {
        return put(key, new Encoder().type(ValueType.STRING).text(text));
    }

    public GgufMetadata put(String key, int number) {
        return put(key, new Encoder().type(ValueType.UINT32).int32(number));
    }

    public GgufMetadata put(String key, float number) {
        return put(key, new Encoder().type(ValueType.FLOAT32).int32(Float.floatToRawIntBits(number)));
    }

    public GgufMetadata put(String key, boolean flag) {
        return put(key, new Encoder().type(ValueType.BOOL).raw(new byte[] {(byte) (flag ? 1 : 0)}));
    }

    public GgufMetadata putTexts(String key, List<String> texts) {
        var encoder = new Encoder().array(ValueType.STRING, texts.size());
        texts.forEach(encoder::text);
        return put(key, encoder);
    }

    public GgufMetadata putInts(String key, int... numbers) {
        var encoder = new Encoder().array(ValueType.INT32, numbers.length);
        Arrays.stream(numbers).forEach(encoder::int32);
        return put(key, encoder);
    }

    public GgufMetadata putFloats(String key, float... numbers) {
        var encoder = new Encoder().array(ValueType.FLOAT32, numbers.length);
        for (float number : numbers) {
            encoder.int32(Float.floatToRawIntBits(number));
        }
        return put(key, encoder);
    }

    /** Takes over the values whose keys begin with {@code prefix}, as they are. */
    public GgufMetadata putAll(GgufFields fields, String prefix) {
        fields.values().forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                var encoder = value.array()
                        ? new Encoder().array(value.type(), value.count())
                        : new Encoder().type(value.type());
                put(key, encoder.raw(value.data().toArray(ValueLayout.JAVA_BYTE)));
            }
        });
        return this;
    }

    /** Takes over all of {@code other}'s values. */
    public GgufMetadata putAll(GgufMetadata other) {
        values.putAll(other.values);
        return this;
    }

    /** Leaves a value out, if it is there. */
    public void remove(String key) {
        values.remove(key);
    }

    private GgufMetadata put(String key, Encoder encoder) {
        values.put(key, encoder.bytes());
        return this;
    }

    int count() {
        return values.size();
    }

    void encode(Encoder target) {
        values.forEach((key, value) -> target.text(key).raw(value));
    }

    /** Collects little-endian bytes. */
    static final class Encoder {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);

        Encoder type(ValueType type) {
            return int32(type.ordinal());
        }

        Encoder array(ValueType elementType, long count) {
            return type(ValueType.ARRAY).type(elementType).int64(count);
        }

        Encoder int32(int value) {
            out.write(number.putInt(0, value).array(), 0, Integer.BYTES);
            return this;
        }

        Encoder int64(long value) {
            out.write(number.putLong(0, value).array(), 0, Long.BYTES);
            return this;
        }

        Encoder text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            return int64(utf8.length).raw(utf8);
        }

        Encoder raw(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        byte[] bytes() {
            return out.toByteArray();
        }
    }
}
