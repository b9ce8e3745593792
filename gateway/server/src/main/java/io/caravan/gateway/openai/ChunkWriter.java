package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.generation.GenerationEvent;
import io.caravan.gateway.http.ApiError;
import io.caravan.gateway.http.Responses;
import io.caravan.proto.sequence.TokenChoice;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.util.ByteString;

/** One answer as server-sent events. Plain state of a single stream. */
final class ChunkWriter {
    /** Keeps an idle connection alive; clients ignore it. */
    static final ByteString PING = ByteString.fromString(": ping\n\n");

    private static final ByteString BEGIN = ByteString.fromString("data: ");
    private static final ByteString END = ByteString.fromString("\n\n");
    private static final ByteString DONE = ByteString.fromString("data: [DONE]\n\n");

    private final Answer answer;
    private final boolean[] begun;
    private final int[] textOffset;
    private int finished;
    private int completionTokens;
    private boolean failed;

    ChunkWriter(Answer answer) {
        this.answer = answer;
        int choices = answer.wish().sequences().size();
        this.begun = new boolean[choices];
        this.textOffset = new int[choices];
    }

    /** The chunks that an event is told in. */
    List<ByteString> next(ChoiceEvent choice) {
        List<ByteString> chunks = new ArrayList<>(2);
        begin(choice.index(), chunks);
        switch (choice.event()) {
            case GenerationEvent.Delta delta -> {
                completionTokens += delta.tokens().size();
                if (worthTelling(delta)) {
                    chunks.add(delta(choice.index(), delta.text(), delta.tokens()));
                }
            }
            case GenerationEvent.Finished end -> {
                finished++;
                chunks.add(chunk(answer.end(choice.index(), end.end())));
            }
            case GenerationEvent.Failed failure -> {
                failed = true;
                chunks.add(event(Failures.of(failure).json()));
            }
        }
        return chunks;
    }

    /** What ends the stream: the counts where they were asked for, and the mark that all came. */
    List<ByteString> last() {
        List<ByteString> chunks = new ArrayList<>(2);
        if (!failed && finished < begun.length) {
            ApiError error = Failures.cutOff();
            chunks.add(event(error.json()));
        } else if (!failed && answer.wish().form().includeUsage()) {
            ObjectNode root = answer.envelope(true);
            root.putArray("choices");
            root.set("usage", usage());
            chunks.add(event(root));
        }
        chunks.add(DONE);
        return chunks;
    }

    private void begin(int index, List<ByteString> chunks) {
        if (begun[index]) {
            return;
        }
        begun[index] = true;
        if (answer.kind() == Answer.Kind.CHAT) {
            chunks.add(chunk(answer.role(index)));
        }
        String echo = answer.wish().form().echo(index);
        if (!echo.isEmpty()) {
            chunks.add(delta(index, echo, List.of()));
        }
    }

    private boolean worthTelling(GenerationEvent.Delta delta) {
        Wish.Form form = answer.wish().form();
        return !delta.text().isEmpty() || !delta.tokens().isEmpty() && (form.logprobs() || form.tokenIds());
    }

    private ByteString delta(int index, String text, List<TokenChoice> tokens) {
        ByteString chunk = chunk(answer.delta(new Answer.Part(index, text, tokens), textOffset[index]));
        if (answer.wish().form().logprobs()) {
            textOffset[index] += answer.logprobs().length(tokens);
        }
        return chunk;
    }

    /** A chunk with choices, which tells the counts so far where that was asked for. */
    private ByteString chunk(ObjectNode root) {
        Wish.Form form = answer.wish().form();
        if (form.continuousUsage()) {
            root.set("usage", usage());
        } else if (form.includeUsage()) {
            root.putNull("usage");
        }
        return event(root);
    }

    private ObjectNode usage() {
        return Answer.usage(answer.wish().promptTokenCount(), completionTokens);
    }

    private static ByteString event(JsonNode body) {
        return BEGIN.concat(Responses.bytes(body)).concat(END);
    }
}
