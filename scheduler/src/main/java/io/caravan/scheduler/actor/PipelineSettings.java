package io.caravan.scheduler.actor;

import com.typesafe.config.Config;
import io.caravan.proto.actor.AnswerSetting;
import io.caravan.proto.actor.WorkerInfo;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.WeightChoice;
import io.caravan.scheduler.engine.EngineLimits;
import io.caravan.scheduler.placement.KvBudget;
import io.caravan.scheduler.placement.Placement;
import io.caravan.scheduler.placement.PlacementOutcome;
import io.caravan.scheduler.recovery.ControlSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Settings of a pipeline and its scheduler, from {@code caravan.pipeline} and {@code caravan.scheduler}.
 *
 * @param stages 0: one for each of {@code minWorkers}
 * @param kvMaxTokens 0: {@code max-running} contexts up to {@link #DEFAULT_KV_TOKENS}
 */
public record PipelineSettings(
        String name,
        String version,
        int stages,
        int minWorkers,
        int kvBlockTokens,
        Precision precision,
        int kvMinTokens,
        int kvMaxTokens,
        EngineLimits limits,
        SpeculativeSettings speculative,
        Duration stepTimeout,
        int maxReconnects,
        Duration equalKernelsWait,
        Duration retry,
        Duration stageSilence,
        Duration suspectAfter,
        Duration firstBackoff,
        Duration lastBackoff,
        int requestQueue,
        int hopWindow,
        String idle) {

    /** KV tokens that are taken memory for where nothing else is said. */
    public static final int DEFAULT_KV_TOKENS = 32_768;

    public PipelineSettings {
        requireAtLeast(0, stages, "stages");
        requireAtLeast(1, minWorkers, "min-workers");
        requireAtLeast(1, kvBlockTokens, "kv.block-tokens");
        requireAtLeast(1, kvMinTokens, "kv.min-tokens");
        requireAtLeast(0, kvMaxTokens, "kv.max-tokens");
        if (!stepTimeout.isPositive() || requestQueue < 1 || hopWindow < 1) {
            throw new IllegalArgumentException("caravan.scheduler needs step-timeout > 0, request-queue >= 1 and"
                    + " hop-window >= 1, not " + stepTimeout + ", " + requestQueue + ", " + hopWindow);
        }
    }

    private static void requireAtLeast(int least, int value, String key) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "caravan.pipeline." + key + " must be at least " + least + ", not " + value);
        }
    }

    /** The settings of a whole configuration. */
    public static PipelineSettings from(Config config) {
        Config pipeline = config.getConfig("caravan.pipeline");
        Config scheduler = config.getConfig("caravan.scheduler");
        return new PipelineSettings(
                pipeline.getString("name"),
                config.getString("caravan.version"),
                pipeline.getInt("stages"),
                pipeline.getInt("min-workers"),
                pipeline.getInt("kv.block-tokens"),
                precision(pipeline),
                pipeline.getInt("kv.min-tokens"),
                pipeline.getInt("kv.max-tokens"),
                limits(scheduler),
                SpeculativeSettings.from(scheduler),
                scheduler.getDuration("step-timeout"),
                scheduler.getInt("max-reconnects"),
                scheduler.getDuration("equal-kernels-wait"),
                scheduler.getDuration("retry"),
                scheduler.getDuration("stage-silence"),
                scheduler.getDuration("suspect-after"),
                scheduler.getDuration("first-backoff"),
                scheduler.getDuration("last-backoff"),
                scheduler.getInt("request-queue"),
                scheduler.getInt("hop-window"),
                scheduler.getString("idle"));
    }

    private static EngineLimits limits(Config scheduler) {
        return new EngineLimits(
                scheduler.getInt("max-waiting"),
                scheduler.getInt("max-running"),
                scheduler.getInt("token-budget"),
                scheduler.getInt("min-prefill-rows"),
                scheduler.getInt("extra-in-flight"),
                scheduler.getInt("remembered-sequences"),
                scheduler.getInt("remembered-tokens"));
    }

    private static Precision precision(Config pipeline) {
        return new Precision(
                weights(pipeline.getString("quantize")),
                activations(pipeline.getString("activations")),
                kvType(pipeline.getString("kv.type")),
                wire(pipeline.getString("wire")),
                bf16(pipeline.getInt("bf16-bits")));
    }

    private static WeightChoice weights(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "none" -> WeightChoice.AS_STORED;
            case "bf16" -> WeightChoice.BF16;
            case "q8_0" -> WeightChoice.Q8_0;
            case "q4_0" -> WeightChoice.Q4_0;
            case "q4_k" -> WeightChoice.Q4_K;
            case "q6_k" -> WeightChoice.Q6_K;
            default ->
                throw new IllegalArgumentException(
                        "caravan.pipeline.quantize must be none, bf16, q8_0, q4_0, q4_k or q6_k, not " + name);
        };
    }

    private static ActivationChoice activations(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "auto" -> ActivationChoice.AUTO;
            case "f32" -> ActivationChoice.F32;
            case "bf16" -> ActivationChoice.BF16;
            case "int8" -> ActivationChoice.INT8;
            default ->
                throw new IllegalArgumentException(
                        "caravan.pipeline.activations must be auto, f32, bf16 or int8, not " + name);
        };
    }

    private static TensorType kvType(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "f16" -> TensorType.F16;
            case "f32" -> TensorType.F32;
            case "q8_0" -> TensorType.Q8_0;
            default ->
                throw new IllegalArgumentException("caravan.pipeline.kv.type must be f16, f32 or q8_0, not " + name);
        };
    }

    private static Bf16Storage bf16(int bits) {
        try {
            return Bf16Storage.ofBits(bits);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("caravan.pipeline.bf16-bits: " + e.getMessage(), e);
        }
    }

    private static TensorType wire(String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "f32" -> TensorType.F32;
            case "bf16" -> TensorType.BF16;
            case "f16" -> TensorType.F16;
            default ->
                throw new IllegalArgumentException("caravan.pipeline.wire must be f32, bf16 or f16, not " + name);
        };
    }

    /**
     * All that the bits of answers depend on: a gateway that has it otherwise would, as the scheduler, change them. Where the
     * stages are cut counts only where hidden states are rounded between them.
     */
    public List<AnswerSetting> answerSettings(ModelPlan model) {
        var settings = new ArrayList<AnswerSetting>(List.of(
                new AnswerSetting("the model's fingerprint", model.ref().fingerprint()),
                new AnswerSetting("caravan.pipeline.name", name),
                setting(
                        "quantize (--quantize)",
                        precision.weights() == WeightChoice.AS_STORED ? "none" : precision.weights()),
                setting("activations (--activations)", precision.activations()),
                setting("kv.type (--kv-type)", precision.kv()),
                setting("kv.block-tokens", kvBlockTokens),
                setting("kv.min-tokens", kvMinTokens),
                setting("kv.max-tokens (--kv-tokens)", kvMaxTokens),
                setting("wire (--wire)", precision.wire())));
        if (precision.wire() != TensorType.F32) {
            settings.add(setting("stages (--stages)", stageCount(model.spec())));
        }
        return settings;
    }

    private static AnswerSetting setting(String key, Object value) {
        return new AnswerSetting("caravan.pipeline." + key, value.toString().toLowerCase(Locale.ROOT));
    }

    /**
     * Makes sure that {@code spec} can be cut as it is wanted, whoever comes to host it.
     *
     * @throws IllegalArgumentException where it has fewer layers than there are to be stages
     */
    public void requireCut(ModelSpec spec) {
        if (stages > spec.layerCount()) {
            throw new IllegalArgumentException("the model has " + spec.layerCount() + " layers, which makes 1 to "
                    + spec.layerCount() + " stages, not " + stages);
        }
    }

    /**
     * Makes sure that {@code workers} of {@code memoryBytes} each can host {@code spec}.
     *
     * @param kernels that they will have, as they are named
     * @throws IllegalArgumentException where they have no room; says what would be needed
     */
    public void requireRoom(ModelSpec spec, int workers, long memoryBytes, String kernels) {
        var alike = IntStream.rangeClosed(1, workers)
                .mapToObj(i -> new WorkerInfo("worker-" + i, "worker-" + i, version, 0, 1, memoryBytes, 1, kernels))
                .toList();
        var placement = new Placement(stored(spec), kvBudget(spec), precision.bf16());
        if (placement.place(stageCount(spec), alike) instanceof PlacementOutcome.Impossible none) {
            throw new IllegalArgumentException(none.why());
        }
    }

    int stageCount(ModelSpec spec) {
        return stages == 0 ? Math.min(minWorkers, spec.layerCount()) : stages;
    }

    /**
     * Memory that a worker needs which hosts all of {@code spec}, with all the keys and values that are wanted; more is of no
     * use to it. BF16 weights are taken to lie in sixteen bits, which they do where twelve would lose something.
     */
    public long wholeModelBytes(ModelSpec spec) {
        var kv = kvBudget(spec);
        return new Placement(stored(spec), kv, Bf16Storage.SIXTEEN_BITS)
                .bytes(new LayerRange(0, spec.layerCount()), kv.maxBlocks());
    }

    /** {@code spec} with weights as the stages keep them, for sizes. */
    ModelSpec stored(ModelSpec spec) {
        return spec.withWeightType(precision.weights().of(spec.weightType()));
    }

    KvBudget kvBudget(ModelSpec spec) {
        long contexts = (long) limits.maxRunning() * spec.maxPositions();
        int max = kvMaxTokens == 0 ? (int) Math.min(contexts, DEFAULT_KV_TOKENS) : kvMaxTokens;
        int min = Math.min(max, Math.min(kvMinTokens, spec.maxPositions()));
        return new KvBudget(precision.kv(), kvBlockTokens, min, max);
    }

    ControlSettings control(ModelPlan model) {
        return new ControlSettings(
                name,
                model.ref(),
                version,
                stageCount(model.spec()),
                minWorkers,
                limits.tokenBudget(),
                kvBlockTokens,
                precision,
                retry.toNanos(),
                stageSilence.toNanos(),
                suspectAfter.toNanos(),
                firstBackoff.toNanos(),
                lastBackoff.toNanos(),
                maxReconnects,
                equalKernelsWait.toNanos());
    }
}
