package io.caravan.proto.kryo;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.Registration;
import com.esotericsoftware.kryo.util.DefaultClassResolver;
import io.caravan.proto.sequence.TokenIds;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;

/** Makes Kryo instances that all know the same classes by the same numbers. */
final class KryoFactory {
    static final int FIRST_MESSAGE_ID = 30;

    private static final int ACTOR_REF_ID = 20;
    private static final int LIST_ID = 21;
    private static final int MAP_ID = 22;
    private static final int TOKEN_IDS_ID = 23;
    private static final int DURATION_ID = 24;
    private static final int FLOATS_ID = 25;

    /** Deepest nesting of a message; ours need six. */
    private static final int MAX_DEPTH = 32;

    private KryoFactory() {}

    /** A new instance, for use by one thread at a time. */
    static Kryo create(Supplier<ActorRefResolver> resolver) {
        Kryo kryo = new Kryo(new ByInterface(), null);
        kryo.setReferences(false);
        kryo.setRegistrationRequired(true);
        kryo.setMaxDepth(MAX_DEPTH);
        kryo.register(String.class, new ValueSerializers.OfString());
        kryo.register(ActorRef.class, new ActorRefSerializer(resolver), ACTOR_REF_ID);
        kryo.register(List.class, new ValueSerializers.OfList(), LIST_ID);
        kryo.register(Map.class, new ValueSerializers.OfMap(), MAP_ID);
        kryo.register(TokenIds.class, new ValueSerializers.OfTokenIds(), TOKEN_IDS_ID);
        kryo.register(Duration.class, new ValueSerializers.OfDuration(), DURATION_ID);
        kryo.register(float[].class, new ValueSerializers.OfFloats(), FLOATS_ID);
        for (MessageClasses.Entry entry : MessageClasses.TABLE) {
            kryo.register(entry.type(), entry.id());
        }
        return kryo;
    }

    /** The library's own classes behind these interfaces are hidden, so each is known by its interface. */
    private static final class ByInterface extends DefaultClassResolver {
        @Override
        @SuppressWarnings("rawtypes")
        public Registration getRegistration(Class type) {
            if (ActorRef.class.isAssignableFrom(type)) {
                return super.getRegistration(ActorRef.class);
            }
            if (List.class.isAssignableFrom(type)) {
                return super.getRegistration(List.class);
            }
            if (Map.class.isAssignableFrom(type)) {
                return super.getRegistration(Map.class);
            }
            return super.getRegistration(type);
        }
    }
}
