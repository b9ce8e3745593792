package io.caravan.proto.kryo;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Serializers of what has a length, and of values that Kryo cannot build. Kryo's own believe a length before they have seen
 * the bytes; these check it against what is left of the message.
 */
final class ValueSerializers {
    private ValueSerializers() {}

    private static int count(Input in, int elementBytes, String what) {
        int count = in.readVarInt(true);
        int leftBytes = in.limit() - in.position();
        if (count < 0 || (long) count * elementBytes > leftBytes) {
            throw new KryoException(count + " " + what + " cannot lie in the " + leftBytes + " bytes that are left");
        }
        return count;
    }

    /** UTF-8, after its length in bytes. */
    static final class OfString extends Serializer<String> {
        OfString() {
            super(true, true);
        }

        @Override
        public void write(Kryo kryo, Output out, String text) {
            if (text == null) {
                throw new KryoException("a message's texts are never null");
            }
            byte[] bytes = text.getBytes(UTF_8);
            out.writeVarInt(bytes.length, true);
            out.writeBytes(bytes);
        }

        @Override
        public String read(Kryo kryo, Input in, Class<? extends String> type) {
            return new String(in.readBytes(count(in, 1, "bytes of text")), UTF_8);
        }
    }

    /** Any list; what comes back cannot be changed. */
    static final class OfList extends Serializer<List<?>> {
        OfList() {
            super(false, true);
        }

        @Override
        public void write(Kryo kryo, Output out, List<?> list) {
            out.writeVarInt(list.size(), true);
            for (Object element : list) {
                kryo.writeClassAndObject(out, element);
            }
        }

        @Override
        public List<?> read(Kryo kryo, Input in, Class<? extends List<?>> type) {
            int count = count(in, 1, "elements");
            List<Object> list = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                list.add(kryo.readClassAndObject(in));
            }
            return List.copyOf(list);
        }
    }

    /** Any map; what comes back cannot be changed. */
    static final class OfMap extends Serializer<Map<?, ?>> {
        OfMap() {
            super(false, true);
        }

        @Override
        public void write(Kryo kryo, Output out, Map<?, ?> map) {
            out.writeVarInt(map.size(), true);
            map.forEach((key, value) -> {
                kryo.writeClassAndObject(out, key);
                kryo.writeClassAndObject(out, value);
            });
        }

        @Override
        public Map<?, ?> read(Kryo kryo, Input in, Class<? extends Map<?, ?>> type) {
            int count = count(in, 2, "entries");
            Map<Object, Object> map = HashMap.newHashMap(count);
            for (int i = 0; i < count; i++) {
                map.put(kryo.readClassAndObject(in), kryo.readClassAndObject(in));
            }
            return Map.copyOf(map);
        }
    }

    /** Token ids, small ones in fewer bytes. */
    static final class OfTokenIds extends Serializer<TokenIds> {
        OfTokenIds() {
            super(false, true);
        }

        @Override
        public void write(Kryo kryo, Output out, TokenIds ids) {
            out.writeVarInt(ids.size(), true);
            for (int i = 0; i < ids.size(); i++) {
                out.writeVarInt(ids.get(i), true);
            }
        }

        @Override
        public TokenIds read(Kryo kryo, Input in, Class<? extends TokenIds> type) {
            int[] ids = new int[count(in, 1, "token ids")];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = in.readVarInt(true);
            }
            return TokenIds.of(ids);
        }
    }

    /** Seconds and nanoseconds. */
    static final class OfDuration extends Serializer<Duration> {
        OfDuration() {
            super(false, true);
        }

        @Override
        public void write(Kryo kryo, Output out, Duration duration) {
            out.writeVarLong(duration.getSeconds(), false);
            out.writeVarInt(duration.getNano(), true);
        }

        @Override
        public Duration read(Kryo kryo, Input in, Class<? extends Duration> type) {
            return Duration.ofSeconds(in.readVarLong(false), in.readVarInt(true));
        }
    }

    /** Log-probabilities and logits. */
    static final class OfFloats extends Serializer<float[]> {
        OfFloats() {
            super(false, false);
        }

        @Override
        public void write(Kryo kryo, Output out, float[] values) {
            out.writeVarInt(values.length, true);
            out.writeFloats(values, 0, values.length);
        }

        @Override
        public float[] read(Kryo kryo, Input in, Class<? extends float[]> type) {
            return in.readFloats(count(in, Float.BYTES, "floats"));
        }
    }
}
