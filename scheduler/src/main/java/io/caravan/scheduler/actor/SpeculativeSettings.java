package io.caravan.scheduler.actor;

import com.typesafe.config.Config;
import io.caravan.proto.draft.Drafter;
import io.caravan.scheduler.engine.PromptLookup;
import io.caravan.scheduler.engine.Speculation;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Settings of speculative decoding, from {@code caravan.scheduler.speculative}.
 *
 * @param draftTokens most guessed tokens of a sequence in one step
 * @param rows most decodes and guessed tokens of one step together
 * @param model folder of the model that guesses
 * @param threads that it computes with
 * @param kvTokens tokens of all sequences together whose keys and values it keeps
 */
public record SpeculativeSettings(Source source, int draftTokens, int rows, String model, int threads, int kvTokens) {

    private static final String AUTO = "auto";

    /** Where guesses come from. */
    public enum Source {
        /** Nothing is guessed. */
        OFF,
        /** The sequence itself, see {@link PromptLookup}. */
        PROMPT_LOOKUP,
        /** A small model of the same vocabulary. */
        DRAFT;

        String flag() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    public SpeculativeSettings {
        if (draftTokens < 1 || rows < 2) {
            throw new IllegalArgumentException(
                    "caravan.scheduler.speculative needs draft-tokens >= 1 and rows >= 2, not " + draftTokens + " and "
                            + rows);
        }
        if (source == Source.DRAFT && (model.isBlank() || threads < 1 || kvTokens < 1)) {
            throw new IllegalArgumentException(
                    "caravan.scheduler.speculative.drafter = draft needs a model, threads >= 1"
                            + " and kv-tokens >= 1, not '" + model + "', " + threads + " and " + kvTokens);
        }
        if (source == Source.PROMPT_LOOKUP && !model.isBlank()) {
            throw new IllegalArgumentException("caravan.scheduler.speculative names a model (" + model
                    + "), and drafter = prompt-lookup guesses without one: take the model away (--draft-model), or say"
                    + " drafter = draft (--speculative draft)");
        }
    }

    static SpeculativeSettings from(Config scheduler) {
        Config speculative = scheduler.getConfig("speculative");
        String model = speculative.getString("model");
        return new SpeculativeSettings(
                source(speculative.getString("drafter"), model),
                speculative.getInt("draft-tokens"),
                speculative.getInt("rows"),
                model,
                speculative.getInt("threads"),
                speculative.getInt("kv-tokens"));
    }

    /** Who names a model wants its guesses. */
    private static Source source(String name, String model) {
        if (name.equalsIgnoreCase(AUTO)) {
            return model.isBlank() ? Source.OFF : Source.DRAFT;
        }
        return Arrays.stream(Source.values())
                .filter(source -> source.flag().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("caravan.scheduler.speculative.drafter must be one of "
                        + AUTO + ", "
                        + Arrays.stream(Source.values()).map(Source::flag).collect(Collectors.joining(", ")) + ", not "
                        + name));
    }

    /** What an engine is to do; {@code draftModel} is asked where the guesses come from a model. */
    Speculation speculation(Supplier<Drafter> draftModel) {
        return switch (source) {
            case OFF -> Speculation.OFF;
            case PROMPT_LOOKUP -> new Speculation(new PromptLookup(), draftTokens, rows);
            case DRAFT -> new Speculation(draftModel.get(), draftTokens, rows);
        };
    }
}
