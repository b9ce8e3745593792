package io.caravan.proto.kryo;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import com.esotericsoftware.kryo.util.Pool;
import io.caravan.proto.actor.CaravanMessage;
import java.io.NotSerializableException;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.serialization.SerializerWithStringManifest;

/** Pekko's way to Kryo; {@code reference.conf} binds it to {@link CaravanMessage}. Safe for use by several threads. */
public final class CaravanSerializer extends SerializerWithStringManifest {
    /** Longest message that is written or read. */
    public static final int MAX_MESSAGE_BYTES = 16 << 20;

    /** Names this serializer among all of the cluster's; other software uses small numbers. */
    private static final int IDENTIFIER = 0x43525631;

    /** Version of the table of classes; messages of another are refused. */
    private static final String MANIFEST = "1";

    private static final int FIRST_BUFFER_BYTES = 512;
    private static final int MAX_IDLE_KRYOS = 16;

    private final ExtendedActorSystem system;
    private final Pool<Kryo> kryos = new Pool<>(true, false, MAX_IDLE_KRYOS) {
        @Override
        protected Kryo create() {
            return KryoFactory.create(CaravanSerializer.this::resolver);
        }
    };

    /** Called by Pekko. */
    public CaravanSerializer(ExtendedActorSystem system) {
        this.system = system;
    }

    @Override
    public int identifier() {
        return IDENTIFIER;
    }

    @Override
    public String manifest(Object message) {
        return MANIFEST;
    }

    @Override
    public byte[] toBinary(Object message) {
        Kryo kryo = kryos.obtain();
        try {
            Output out = new Output(FIRST_BUFFER_BYTES, MAX_MESSAGE_BYTES);
            kryo.writeClassAndObject(out, message);
            return out.toBytes();
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "cannot write " + message.getClass().getName() + ": " + firstLine(e), e);
        } finally {
            kryos.free(kryo);
        }
    }

    @Override
    public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
        if (!MANIFEST.equals(manifest)) {
            throw new NotSerializableException("a message of format '" + manifest + "' where '" + MANIFEST
                    + "' is understood: does another version of Caravan run in this cluster?");
        }
        if (bytes.length > MAX_MESSAGE_BYTES) {
            throw new NotSerializableException(
                    "a message of " + bytes.length + " bytes where at most " + MAX_MESSAGE_BYTES + " are taken");
        }
        Kryo kryo = kryos.obtain();
        try {
            Input in = new Input(bytes);
            Object message = kryo.readClassAndObject(in);
            if (!(message instanceof CaravanMessage)) {
                throw new IllegalArgumentException("not a message");
            }
            if (in.position() != bytes.length) {
                throw new IllegalArgumentException((bytes.length - in.position()) + " bytes are left over");
            }
            return message;
        } catch (RuntimeException e) {
            NotSerializableException damaged =
                    new NotSerializableException("a damaged message of " + bytes.length + " bytes: " + firstLine(e));
            damaged.initCause(e);
            throw damaged;
        } finally {
            kryos.free(kryo);
        }
    }

    /** Kryo appends a trace of the fields, one a line. */
    private static String firstLine(RuntimeException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private ActorRefResolver resolver() {
        return ActorRefResolver.get(Adapter.toTyped(system));
    }
}
