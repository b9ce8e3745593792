package io.caravan.gateway.grpc;

import io.caravan.gateway.generation.GenerationEvent;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.v1.Alternative;
import io.caravan.proto.v1.FinishReason;
import io.caravan.proto.v1.GenerateResponse;
import io.caravan.proto.v1.GeneratedToken;
import io.caravan.proto.v1.Usage;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;

/**
 * One generation on its way to a gRPC client, at the client's pace: an event is turned into a reply only when the
 * transport can take it, so that a slow reader holds back the bounded buffer of the generation and not this process's
 * memory.
 */
final class GenerateStream {
    private final String id;
    private final ServerCallStreamObserver<GenerateResponse> replies;
    private CompletableFuture<NotUsed> ready = new CompletableFuture<>();
    private boolean ended;

    GenerateStream(String id, ServerCallStreamObserver<GenerateResponse> replies) {
        this.id = id;
        this.replies = replies;
    }

    /** Runs the generation; the client's cancellation cancels it. */
    void run(Source<GenerationEvent, NotUsed> events, ActorSystem<?> system) {
        var running = events.viaMat(KillSwitches.single(), Keep.right())
                .mapAsync(1, event -> whenReady().thenApply(now -> event))
                .toMat(Sink.foreach(this::reply), Keep.both())
                .run(system);
        replies.setOnReadyHandler(this::open);
        replies.setOnCancelHandler(() -> {
            running.first().shutdown();
            open();
        });
        running.second().whenComplete((done, failure) -> cutOff());
    }

    private synchronized CompletionStage<NotUsed> whenReady() {
        ready = new CompletableFuture<>();
        if (replies.isReady() || replies.isCancelled()) {
            ready.complete(NotUsed.getInstance());
        }
        return ready;
    }

    private synchronized void open() {
        ready.complete(NotUsed.getInstance());
    }

    private synchronized void reply(GenerationEvent event) {
        if (replies.isCancelled()) {
            return;
        }
        switch (event) {
            case GenerationEvent.Delta delta ->
                replies.onNext(GenerateResponse.newBuilder()
                        .setId(id)
                        .setText(delta.text())
                        .addAllTokens(delta.tokens().stream()
                                .map(GenerateStream::token)
                                .toList())
                        .build());
            case GenerationEvent.Finished finished -> {
                ended = true;
                replies.onNext(last(finished));
                replies.onCompleted();
            }
            case GenerationEvent.Failed failed -> {
                ended = true;
                replies.onError(status(failed.failure())
                        .withDescription(failed.message())
                        .asRuntimeException());
            }
        }
    }

    private synchronized void cutOff() {
        if (!ended && !replies.isCancelled()) {
            ended = true;
            replies.onError(Status.RESOURCE_EXHAUSTED
                    .withDescription(
                            "the client read too slowly and its generation was cancelled: read faster, or ask for less")
                    .asRuntimeException());
        }
    }

    private GenerateResponse last(GenerationEvent.Finished finished) {
        return GenerateResponse.newBuilder()
                .setId(id)
                .setFinishReason(
                        switch (finished.end()) {
                            case STOP -> FinishReason.FINISH_REASON_STOP;
                            case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
                        })
                .setUsage(Usage.newBuilder()
                        .setPromptTokens(finished.promptTokenCount())
                        .setCompletionTokens(finished.completionTokenCount()))
                .build();
    }

    private static GeneratedToken token(TokenChoice choice) {
        var token = GeneratedToken.newBuilder().setId(choice.token());
        if (!Float.isNaN(choice.logprob())) {
            token.setLogprob(choice.logprob());
        }
        for (int i = 0; i < choice.alternatives().size(); i++) {
            token.addAlternatives(Alternative.newBuilder()
                    .setId(choice.alternatives().get(i))
                    .setLogprob(choice.alternativeLogprobs()[i]));
        }
        return token.build();
    }

    private static Status status(GenerationEvent.Failure failure) {
        return switch (failure) {
            case INVALID -> Status.INVALID_ARGUMENT;
            case FAILED -> Status.INTERNAL;
            case OVERLOADED -> Status.RESOURCE_EXHAUSTED;
            case UNAVAILABLE -> Status.UNAVAILABLE;
            case DEADLINE -> Status.DEADLINE_EXCEEDED;
            case CANCELLED -> Status.CANCELLED;
        };
    }
}
