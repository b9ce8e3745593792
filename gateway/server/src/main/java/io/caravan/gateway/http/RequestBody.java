package io.caravan.gateway.http;

import io.caravan.gateway.memory.MemoryBudget;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.apache.pekko.util.ByteString;

/** A whole body and the memory that it was given. It is read once: what it says is all that is kept of it. */
public final class RequestBody implements AutoCloseable {
    private final MemoryBudget.Claim claim;
    private ByteString bytes;

    RequestBody(ByteString bytes, MemoryBudget.Claim claim) {
        this.bytes = bytes;
        this.claim = claim;
    }

    /** What {@code reader} makes of it, on {@code executor} and when there is memory to read it. */
    <T> CompletionStage<T> read(Executor executor, Function<JsonFields, T> reader) {
        byte[] body = take();
        return claim.grow(ReadingCost.of(body), MemoryBudget.Use.READING)
                .thenApplyAsync(granted -> reader.apply(JsonFields.parse(body)), executor)
                .whenComplete((read, failure) -> close());
    }

    private byte[] take() {
        byte[] body = bytes.toArrayUnsafe();
        bytes = ByteString.emptyByteString();
        return body;
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        bytes = ByteString.emptyByteString();
        claim.close();
    }
}
