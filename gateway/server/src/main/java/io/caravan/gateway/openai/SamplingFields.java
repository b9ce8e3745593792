package io.caravan.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
import io.caravan.gateway.http.ApiException;
import io.caravan.gateway.http.JsonFields;
import io.caravan.gateway.http.Outside;
import io.caravan.gateway.tokenizer.SamplingDefaults;
import io.caravan.proto.sequence.Sampling;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/** Reads how tokens are to be drawn. */
final class SamplingFields {
    private static final int MAX_BIAS = 100;

    private SamplingFields() {}

    /**
     * The sampling of the first choice; what a request leaves out is as the model's makers recommend, and the seed is
     * drawn here, so that the pipeline can compute a sequence again.
     *
     * @param topLogprobs as {@link Sampling#topLogprobs()}
     */
    static Sampling read(JsonFields fields, SamplingDefaults defaults, int topLogprobs, int vocabSize) {
        try {
            return new Sampling(
                    fields.number("temperature", defaults.temperature()),
                    topK(fields, defaults),
                    fields.number("top_p", defaults.topP()),
                    fields.number("min_p", defaults.minP()),
                    fields.number(repetitionPenalty(fields), defaults.repetitionPenalty()),
                    fields.number("presence_penalty", 0),
                    fields.number("frequency_penalty", 0),
                    fields.whole("seed", ThreadLocalRandom.current().nextLong(), Long.MIN_VALUE, Long.MAX_VALUE),
                    topLogprobs,
                    bias(fields, vocabSize));
        } catch (IllegalArgumentException e) {
            // its messages begin with the field's name
            throw ApiException.invalid(e.getMessage().split(" ", 2)[0], e.getMessage());
        }
    }

    /** The same for a further choice, which draws otherwise. */
    static Sampling reseeded(Sampling first, int choice) {
        return new Sampling(
                first.temperature(),
                first.topK(),
                first.topP(),
                first.minP(),
                first.repetitionPenalty(),
                first.presencePenalty(),
                first.frequencyPenalty(),
                first.seed() + choice,
                first.topLogprobs(),
                first.logitBias());
    }

    /** The name that llama-server has for it, where only that is given. */
    private static String repetitionPenalty(JsonFields fields) {
        return fields.has("repetition_penalty") ? "repetition_penalty" : "repeat_penalty";
    }

    /** -1 keeps all, as in vLLM. */
    private static int topK(JsonFields fields, SamplingDefaults defaults) {
        return (int) Math.max(0, fields.whole("top_k", defaults.topK(), -1, Integer.MAX_VALUE));
    }

    private static Map<Integer, Float> bias(JsonFields fields, int vocabSize) {
        JsonFields object = fields.object("logit_bias");
        Map<Integer, Float> bias = new HashMap<>();
        if (!fields.has("logit_bias")) {
            return bias;
        }
        for (Map.Entry<String, JsonNode> each : fields.raw("logit_bias").properties()) {
            float value = object.number(each.getKey(), 0);
            if (Math.abs(value) > MAX_BIAS) {
                throw ApiException.invalid(
                        "logit_bias",
                        "logit_bias." + Outside.echo(each.getKey()) + " must be between -100 and 100, not " + value);
            }
            bias.put(token(each.getKey(), vocabSize), value);
        }
        return bias;
    }

    private static int token(String key, int vocabSize) {
        try {
            int token = Integer.parseInt(key);
            if (token >= 0 && token < vocabSize) {
                return token;
            }
        } catch (NumberFormatException e) {
            // told below, as what is out of range is
        }
        throw ApiException.invalid(
                "logit_bias",
                "logit_bias must name tokens from 0 to " + (vocabSize - 1) + ", not " + Outside.echo(key));
    }
}
