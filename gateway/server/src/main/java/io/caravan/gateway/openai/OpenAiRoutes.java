package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.generation.GenerationEvent;
import io.caravan.gateway.generation.Generations;
import io.caravan.gateway.http.ApiCall;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Responses;
import io.caravan.gateway.http.Routes;
import io.caravan.gateway.tokenizer.ServedModel;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;

/** {@code /v1/chat/completions}, {@code /v1/completions} and {@code /v1/models}. */
public final class OpenAiRoutes {
    private static final ContentType EVENT_STREAM = MediaTypes.TEXT_EVENT_STREAM.toContentType();
    private static final long SECOND_MS = 1000;

    private final ActorSystem<?> system;
    private final Executor reading;
    private final ServedModel model;
    private final Generations generations;
    private final WishReader reader;
    private final ApiLimits limits;
    private final IntSupplier contextTokens;
    private final long startedSeconds = System.currentTimeMillis() / SECOND_MS;

    private OpenAiRoutes(
            ActorSystem<?> system,
            ServedModel model,
            Generations generations,
            ApiLimits limits,
            IntSupplier contextTokens) {
        this.system = system;
        // a long prompt takes its time to become tokens: not on the threads that move the others' answers
        this.reading = system.dispatchers().lookup(DispatcherSelector.blocking());
        this.model = model;
        this.generations = generations;
        this.reader = new WishReader(model, limits, contextTokens);
        this.limits = limits;
        this.contextTokens = contextTokens;
    }

    /**
     * The routes for one model.
     *
     * @param contextTokens longest sequence that the pipeline takes now
     */
    public static Routes of(
            ActorSystem<?> system,
            ServedModel model,
            Generations generations,
            ApiLimits limits,
            IntSupplier contextTokens) {
        var routes = new OpenAiRoutes(system, model, generations, limits, contextTokens);
        return new Routes()
                .post("/v1/chat/completions", call -> routes.complete(call, Answer.Kind.CHAT, WishReader::chat))
                .post("/v1/completions", call -> routes.complete(call, Answer.Kind.TEXT, WishReader::completion))
                .get("/v1/models", call -> Responses.now(routes.models()))
                .get("/v1/models/" + model.name(), call -> Responses.now(Responses.json(routes.describe())));
    }

    private CompletionStage<HttpResponse> complete(
            ApiCall call, Answer.Kind kind, BiFunction<WishReader, JsonFields, Wish> read) {
        return call.read(reading, fields -> read.apply(reader, fields)).thenCompose(wish -> {
            String id = kind.idPrefix() + UUID.randomUUID().toString().replace("-", "");
            var answer = new Answer(
                    kind,
                    id,
                    System.currentTimeMillis() / SECOND_MS,
                    model.name(),
                    wish,
                    new Logprobs(model.tokenizer()));
            Source<ChoiceEvent, NotUsed> events = call.whileConnected(events(wish, call.id()));
            return wish.form().stream() ? streamed(answer, events) : whole(answer, events);
        });
    }

    /** All choices' events until the last, or until one fails. */
    private Source<ChoiceEvent, NotUsed> events(Wish wish, String requestId) {
        int count = wish.sequences().size();
        return Source.from(IntStream.range(0, count).boxed().toList())
                .flatMapMerge(
                        count,
                        index -> generations
                                .start(wish.sequences().get(index))
                                .map(event -> new ChoiceEvent(index, event.forOutside(requestId))))
                .takeWhile(choice -> !(choice.event() instanceof GenerationEvent.Failed), true);
    }

    private CompletionStage<HttpResponse> whole(Answer answer, Source<ChoiceEvent, NotUsed> events) {
        return events.runWith(Sink.fold(new WholeAnswer(answer), WholeAnswer::add), system)
                .thenApply(WholeAnswer::response);
    }

    /** Waits for the first event, because a refusal has a status of its own and a stream has begun with 200. */
    private CompletionStage<HttpResponse> streamed(Answer answer, Source<ChoiceEvent, NotUsed> events) {
        return events.prefixAndTail(1).runWith(Sink.head(), system).thenApply(begin -> {
            List<ChoiceEvent> first = begin.first();
            if (!first.isEmpty() && first.getFirst().event() instanceof GenerationEvent.Failed failed) {
                begin.second().runWith(Sink.cancelled(), system);
                return Responses.error(Failures.of(failed));
            }
            var writer = new ChunkWriter(answer);
            Source<ByteString, NotUsed> chunks = Source.from(first)
                    .concat(begin.second())
                    .mapConcat(writer::next)
                    // lazily, for what comes last depends on all that came before
                    .concatLazy(Source.lazySource(() -> Source.from(writer.last())))
                    .keepAlive(limits.keepAlive(), () -> ChunkWriter.PING);
            return HttpResponse.create()
                    .withEntity(HttpEntities.createChunked(EVENT_STREAM, chunks))
                    .addHeader(RawHeader.create("Cache-Control", "no-cache"))
                    .addHeader(RawHeader.create("X-Accel-Buffering", "no"));
        });
    }

    private HttpResponse models() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("object", "list");
        root.putArray("data").add(describe());
        return Responses.json(root);
    }

    private ObjectNode describe() {
        ObjectNode described = JsonNodeFactory.instance.objectNode();
        described.put("id", model.name());
        described.put("object", "model");
        described.put("created", startedSeconds);
        described.put("owned_by", "caravan");
        described.put("max_model_len", contextTokens.getAsInt());
        return described;
    }
}
