package io.caravan.cli.verbs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.LlamaTensors;
import io.caravan.formats.TensorSlot;
import io.caravan.formats.WeightView;
import io.caravan.gateway.tokenizer.CarriedText;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.tokenizer.TokenizerException;
import io.caravan.proto.model.Bf16Storage;
import io.caravan.proto.model.HeldWeights;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.scheduler.actor.PipelineSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What a model is. */
@Command(name = "show", description = "Show what a model is: its shape, its weights' types, its tokenizer.")
public final class ShowVerb extends Verb {
    /** How the result is written. */
    enum Output {
        TEXT,
        JSON
    }

    @Mixin
    private ModelArgument model;

    @Option(names = "--tensors", description = "List every tensor.")
    private boolean tensors;

    @Option(names = "-o", paramLabel = "text|json", defaultValue = "text", description = "How to write it.")
    private Output output;

    @Override
    public Integer call() {
        Path path = ModelArgument.directory(settings(Map.of()));
        PipelineSettings pipeline = PipelineSettings.from(settings(Map.of()));
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            ObjectNode facts = facts(path, checkpoint);
            facts.setAll(inMemory(checkpoint, pipeline.precision()));
            if (output == Output.JSON) {
                System.out.println(facts.toPrettyString());
            } else {
                print(facts);
            }
        }
        return OK;
    }

    private ObjectNode facts(Path path, Checkpoint checkpoint) {
        ModelSpec spec = checkpoint.spec();
        var facts =
                new ObjectMapper().createObjectNode().put("name", spec.name()).put("path", path.toString());
        facts.put("parameters", spec.parameterCount())
                .put("layers", spec.layerCount())
                .put("hidden", spec.hiddenSize())
                .put("feed-forward", spec.intermediateSize())
                .put("heads", spec.headCount())
                .put("kv-heads", spec.kvHeadCount())
                .put("head-dim", spec.headDim())
                .put("vocabulary", spec.vocabSize())
                .put("context", spec.maxPositions())
                .put("rope-theta", spec.ropeTheta())
                .put("rope-scaling", scaling(spec.ropeScaling()))
                .put("tied-embeddings", spec.tiedEmbeddings());
        putEndTokens(facts, path, spec);
        var files = facts.putArray("files");
        checkpoint.files().forEach(file -> files.add(file.getFileName().toString()));
        var strays = facts.putArray("passed-over");
        checkpoint.strays().forEach(strays::add);
        facts.put("fingerprint", checkpoint.fingerprint());
        CarriedText.describe(path).forEach(facts::put);
        var bytes = new TreeMap<String, Long>();
        var list = new ObjectMapper().createArrayNode();
        for (TensorSlot slot : new LlamaTensors(spec).all()) {
            WeightView view = slot.in(checkpoint);
            bytes.merge(view.type().name(), view.type().bytes(view.elementCount()), Long::sum);
            var shape = list.addObject()
                    .put("name", slot.name())
                    .put("type", view.type().name())
                    .putArray("shape");
            slot.shape().forEach(shape::add);
        }
        var types = facts.putObject("bytes");
        bytes.forEach(types::put);
        if (tensors) {
            facts.set("tensors", list);
        }
        return facts;
    }

    /** What a worker with the kernels of C takes for all of it; whether a matrix of BF16 lies in 12 bits shows when it is loaded. */
    private static ObjectNode inMemory(Checkpoint checkpoint, Precision precision) {
        var llama = new LlamaTensors(checkpoint.spec());
        var held = new ArrayList<HeldWeights>();
        for (TensorSlot slot : llama.all()) {
            WeightView view = slot.in(checkpoint);
            boolean table = slot.name().equals(llama.embedding().name())
                    && !checkpoint.spec().tiedEmbeddings();
            boolean product = slot.shape().size() > 1 && !table;
            TensorType type =
                    product ? precision.weights().of(view.type(), slot.shape().getLast()) : view.type();
            Bf16Storage storage = product ? precision.bf16() : Bf16Storage.SIXTEEN_BITS;
            held.add(storage.held(type, view.elementCount()));
        }
        HeldWeights all = HeldWeights.together(held);
        return new ObjectMapper()
                .createObjectNode()
                .put("memory-bytes", all.bytes())
                .put("memory", all.form());
    }

    /** All that end answers, whichever file names them; where the tokenizer cannot be read, those of the model's own. */
    private static void putEndTokens(ObjectNode facts, Path path, ModelSpec spec) {
        TokenIds ends = spec.eosTokenIds();
        try {
            ends = ServedModel.open(path).endTokens();
        } catch (TokenizerException unread) {
            facts.put("trouble", unread.getMessage());
        }
        var list = facts.putArray("eos");
        ends.stream().forEach(list::add);
    }

    private static String scaling(RopeScaling scaling) {
        return switch (scaling) {
            case RopeScaling.None none -> "none";
            case RopeScaling.Linear linear -> "linear, factor " + linear.factor();
            case RopeScaling.Divisors own ->
                "a divisor for each of " + own.divisors().size() + " pairs";
            case RopeScaling.Llama3 llama3 ->
                "llama3, factor " + llama3.factor() + ", from " + llama3.originalMaxPositions() + " positions";
            case RopeScaling.Yarn yarn ->
                "yarn, factor " + yarn.factor() + ", from " + yarn.originalMaxPositions() + " positions";
            case RopeScaling.Dynamic dynamic ->
                "dynamic, factor " + dynamic.factor() + ", from " + dynamic.originalMaxPositions() + " positions";
        };
    }

    private static void print(ObjectNode facts) {
        facts.properties().forEach(fact -> {
            switch (fact.getKey()) {
                case "bytes" -> fact.getValue().properties().forEach(ShowVerb::printBytes);
                case "tensors" -> fact.getValue().forEach(ShowVerb::printTensor);
                default -> printFact(fact.getKey(), fact.getValue());
            }
        });
    }

    private static void printBytes(Map.Entry<String, JsonNode> type) {
        System.out.printf(
                Locale.ROOT, "%-16s %,d bytes%n", type.getKey(), type.getValue().asLong());
    }

    private static void printTensor(JsonNode tensor) {
        System.out.printf(
                "%-50s %-6s %s%n",
                tensor.path("name").asText(), tensor.path("type").asText(), joined(tensor.path("shape"), " x "));
    }

    /** Lines after the first stand below it. */
    private static void printFact(String name, JsonNode value) {
        String text = !value.isArray() ? value.asText() : value.isEmpty() ? "none" : joined(value, ", ");
        System.out.printf("%-16s %s%n", name, text.replace("\n", "\n" + " ".repeat(17)));
    }

    private static String joined(JsonNode array, String separator) {
        return array.valueStream().map(JsonNode::asText).collect(Collectors.joining(separator));
    }
}
