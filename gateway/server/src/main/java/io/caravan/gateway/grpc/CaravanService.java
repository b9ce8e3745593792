package io.caravan.gateway.grpc;

import io.caravan.gateway.generation.Generations;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.tokenizer.TokenizerException;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.v1.CaravanGrpc;
import io.caravan.proto.v1.DetokenizeRequest;
import io.caravan.proto.v1.DetokenizeResponse;
import io.caravan.proto.v1.GenerateRequest;
import io.caravan.proto.v1.GenerateResponse;
import io.caravan.proto.v1.GetStatusRequest;
import io.caravan.proto.v1.GetStatusResponse;
import io.caravan.proto.v1.ListModelsRequest;
import io.caravan.proto.v1.ListModelsResponse;
import io.caravan.proto.v1.Model;
import io.caravan.proto.v1.Stage;
import io.caravan.proto.v1.TokenizeRequest;
import io.caravan.proto.v1.TokenizeResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.apache.pekko.actor.typed.ActorSystem;

/** {@code caravan.v1.Caravan}, on the same generations as the HTTP API. */
final class CaravanService extends CaravanGrpc.CaravanImplBase {
    private final ActorSystem<?> system;
    private final ServedModel model;
    private final ServedModel counting;
    private final Generations generations;
    private final GenerateCall calls;
    private final Supplier<CompletionStage<PipelineStatus>> status;

    CaravanService(
            ActorSystem<?> system,
            ServedModel model,
            ServedModel counting,
            Generations generations,
            Duration deadline,
            Supplier<CompletionStage<PipelineStatus>> status) {
        this.system = system;
        this.model = model;
        this.counting = counting;
        this.generations = generations;
        this.calls = new GenerateCall(model, deadline);
        this.status = status;
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> replies) {
        try {
            var generation = calls.generation(request);
            String requestId = CallGuard.REQUEST_ID.get();
            new GenerateStream("gen-" + UUID.randomUUID(), (ServerCallStreamObserver<GenerateResponse>) replies)
                    .run(generations.start(generation).map(event -> event.forOutside(requestId)), system);
        } catch (StatusRuntimeException wrong) {
            replies.onError(wrong);
        }
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> reply) {
        var served = Model.newBuilder()
                .setId(model.name())
                .setContextLength(model.spec().maxPositions());
        answer(reply, ListModelsResponse.newBuilder().addModels(served).build());
    }

    @Override
    public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> reply) {
        try {
            var ids = counting.tokenizer().encode(request.getText(), request.getAddSpecialTokens());
            answer(
                    reply,
                    TokenizeResponse.newBuilder()
                            .addAllIds(ids.stream().boxed().toList())
                            .build());
        } catch (TokenizerException wrong) {
            reply.onError(Status.FAILED_PRECONDITION
                    .withDescription(Outside.words(wrong.getMessage()))
                    .asRuntimeException());
        }
    }

    @Override
    public void detokenize(DetokenizeRequest request, StreamObserver<DetokenizeResponse> reply) {
        try {
            var ids = GenerateCall.ids("ids", request.getIdsList(), model.spec().vocabSize());
            answer(
                    reply,
                    DetokenizeResponse.newBuilder()
                            .setText(ids.isEmpty() ? "" : counting.tokenizer().decode(ids))
                            .build());
        } catch (StatusRuntimeException wrong) {
            reply.onError(wrong);
        }
    }

    @Override
    public void getStatus(GetStatusRequest request, StreamObserver<GetStatusResponse> reply) {
        status.get().whenComplete((known, failure) -> {
            if (failure != null) {
                reply.onError(Status.UNAVAILABLE
                        .withDescription("the scheduler does not answer")
                        .asRuntimeException());
            } else {
                answer(reply, response(known));
            }
        });
    }

    private static GetStatusResponse response(PipelineStatus status) {
        List<Stage> stages = status.stages().stream()
                .map(stage -> Stage.newBuilder()
                        .setIndex(stage.index())
                        .setFirstLayer(stage.layers().first())
                        .setEndLayer(stage.layers().end())
                        .setWorker(Outside.hostAndPort(stage.worker()))
                        .setState(stage.state().name())
                        .build())
                .toList();
        return GetStatusResponse.newBuilder()
                .setServing(status.serving())
                .setMessage(Outside.words(status.message()))
                .setEpoch(status.epoch())
                .addAllStages(stages)
                .build();
    }

    private static <T> void answer(StreamObserver<T> reply, T message) {
        reply.onNext(message);
        reply.onCompleted();
    }
}
