package io.caravan.formats.sentencepiece;

import io.caravan.formats.ModelFormatException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The fields of a Protocol Buffers message one after the other, as views of its bytes; unknown ones can be passed over.
 *
 * @see <a href="https://protobuf.dev/programming-guides/encoding/">the wire format</a>
 */
final class ProtoFields {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int MAX_VARINT_BYTES = 10;

    private final String file;
    private final ByteBuffer bytes;
    private int number;
    private int wireType;
    private long integer; // of a varint or a fixed field
    private ByteBuffer content = ByteBuffer.allocate(0); // of a field with a length

    /** @param file named in messages */
    ProtoFields(String file, byte[] bytes) {
        this(file, ByteBuffer.wrap(bytes));
    }

    private ProtoFields(String file, ByteBuffer bytes) {
        this.file = file;
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Goes to the next field; false at the end. */
    boolean next() {
        if (!bytes.hasRemaining()) {
            return false;
        }
        try {
            long tag = varint();
            number = (int) Math.min(tag >>> 3, Integer.MAX_VALUE);
            wireType = (int) tag & 7;
            switch (wireType) {
                case VARINT -> integer = varint();
                case FIXED64 -> integer = bytes.getLong();
                case FIXED32 -> integer = bytes.getInt();
                case BYTES -> content = slice(varint());
                default -> throw wrong("field " + number + " has the wire type " + wireType);
            }
            return true;
        } catch (BufferUnderflowException e) {
            throw wrong("it ends in the middle of field " + number + "; it was cut short");
        }
    }

    private ByteBuffer slice(long length) {
        if (length < 0 || length > bytes.remaining()) {
            throw wrong("field " + number + " claims " + Long.toUnsignedString(length) + " bytes, but only "
                    + bytes.remaining() + " follow");
        }
        ByteBuffer slice = bytes.slice(bytes.position(), (int) length);
        bytes.position(bytes.position() + (int) length);
        return slice;
    }

    private long varint() {
        long value = 0;
        for (int i = 0; i < MAX_VARINT_BYTES; i++) {
            byte next = bytes.get();
            value |= (next & 0x7fL) << 7 * i;
            if (next >= 0) {
                return value;
            }
        }
        throw wrong("it has an integer of more than " + MAX_VARINT_BYTES + " bytes");
    }

    int number() {
        return number;
    }

    long integer() {
        require(VARINT);
        return integer;
    }

    boolean bool() {
        return integer() != 0;
    }

    float float32() {
        require(FIXED32);
        return Float.intBitsToFloat((int) integer);
    }

    int byteCount() {
        require(BYTES);
        return content.remaining();
    }

    String text() {
        require(BYTES);
        var encoded = new byte[content.remaining()];
        content.get(0, encoded);
        return new String(encoded, StandardCharsets.UTF_8);
    }

    ProtoFields message() {
        require(BYTES);
        return new ProtoFields(file, content);
    }

    private void require(int expected) {
        if (wireType != expected) {
            throw wrong("field " + number + " has the wire type " + wireType + ", not " + expected);
        }
    }

    private ModelFormatException wrong(String what) {
        return new ModelFormatException(file + " is not a Protocol Buffers message: " + what);
    }
}
