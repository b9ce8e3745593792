package io.caravan.cli.verbs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.LlamaTensors;
import io.caravan.formats.TensorSlot;
import io.caravan.formats.WeightView;
import io.caravan.gateway.tokenizer.CarriedText;
import io.caravan.proto.model.ModelSpec;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
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
        try (Checkpoint checkpoint = Checkpoints.open(path)) {
            ObjectNode facts = facts(path, checkpoint);
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
                .put("rope", spec.ropeTheta() + ", " + spec.ropeScaling())
                .put("tied-embeddings", spec.tiedEmbeddings())
                .put("eos", spec.eosTokenIds().toString())
                .put("fingerprint", checkpoint.fingerprint());
        CarriedText.describe(path).forEach(facts::put);
        var bytes = new TreeMap<String, Long>();
        var list = new ObjectMapper().createArrayNode();
        for (TensorSlot slot : new LlamaTensors(spec).all()) {
            WeightView view = slot.in(checkpoint);
            bytes.merge(view.type().name(), view.type().bytes(view.elementCount()), Long::sum);
            list.addObject()
                    .put("name", slot.name())
                    .put("type", view.type().name())
                    .put("shape", slot.shape().toString());
        }
        var types = facts.putObject("bytes");
        bytes.forEach(types::put);
        if (tensors) {
            facts.set("tensors", list);
        }
        return facts;
    }

    private static void print(ObjectNode facts) {
        facts.properties().forEach(fact -> {
            if (fact.getKey().equals("bytes")) {
                fact.getValue()
                        .properties()
                        .forEach(type -> System.out.printf(
                                Locale.ROOT,
                                "%-16s %,d bytes%n",
                                type.getKey(),
                                type.getValue().asLong()));
            } else if (fact.getValue().isArray()) {
                fact.getValue()
                        .forEach(tensor -> System.out.printf(
                                "%-50s %-6s %s%n",
                                tensor.path("name").asText(),
                                tensor.path("type").asText(),
                                tensor.path("shape").asText()));
            } else {
                System.out.printf("%-16s %s%n", fact.getKey(), fact.getValue().asText());
            }
        });
    }
}
