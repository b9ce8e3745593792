package io.caravan.formats;

import io.caravan.formats.MetaTensor.Join;
import io.caravan.formats.torch.TorchFile;
import io.caravan.formats.torch.TorchTensor;
import io.caravan.proto.model.ModelSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A folder as Meta publishes LLaMA: {@code params.json} and {@code consolidated.NN.pth}, one for each of the devices that the
 * model was trained on, each with its part of every matrix.
 */
final class MetaModel {
    private static final String EMBEDDING = "tok_embeddings.weight";
    private static final String NORM = "norm.weight";
    private static final String HEAD = "output.weight";
    private static final String LAYERS = "layers.";

    private final Path directory;
    private final List<TorchFile> shards;
    private final TreeMap<String, MetaTensor> tensors = new TreeMap<>();

    private MetaModel(Path directory, List<TorchFile> shards) {
        this.directory = directory;
        this.shards = shards;
    }

    /** Whether {@code directory} has the files of this layout. */
    static boolean isIn(Path directory) {
        return Files.exists(directory.resolve(MetaParams.FILE))
                && !shardPaths(directory).isEmpty();
    }

    static StoredModel read(Path directory, Arena arena) {
        var params = MetaParams.read(directory);
        var files = shardPaths(directory).stream()
                .map(path -> TorchFile.map(path, arena))
                .toList();
        return new MetaModel(directory, files).read(params);
    }

    /** The shards in their order; a gap in their numbers means that one is missing. */
    private static List<Path> shardPaths(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            List<Path> paths = entries.filter(
                            path -> path.getFileName().toString().matches("consolidated\\.\\d{2,3}\\.pth"))
                    .sorted()
                    .toList();
            for (int i = 0; i < paths.size(); i++) {
                String name = paths.get(i).getFileName().toString();
                if (Integer.parseInt(name.split("\\.")[1]) != i) {
                    throw new ModelFormatException(
                            directory + " holds " + name + " but lacks shard " + i + " before it");
                }
            }
            return paths;
        } catch (IOException e) {
            throw new ModelFormatException("cannot list " + directory + ": " + e, e);
        }
    }

    private StoredModel read(MetaParams params) {
        shards.forEach(MetaModel::refuseManyFromOne);
        boolean tied = !shards.getFirst().tensors().containsKey(HEAD);
        TorchTensor embedding = first(EMBEDDING);
        boolean wholeRows = embedding.shape().size() == 2 && embedding.shape().get(1) == params.dim();
        add("model.embed_tokens.weight", EMBEDDING, wholeRows ? Join.ROWS : Join.COLUMNS, 0);
        add("model.layers.0.mlp.gate_proj.weight", LAYERS + "0.feed_forward.w1.weight", Join.ROWS, 0);
        int vocabSize = params.vocabSize() > 0 ? params.vocabSize() : rows("model.embed_tokens.weight");
        ModelSpec spec = params.spec(
                directory,
                vocabSize,
                rows("model.layers.0.mlp.gate_proj.weight"),
                tied,
                tensors.get("model.embed_tokens.weight").type());
        replicated("model.norm.weight", NORM);
        if (!tied) {
            add("lm_head.weight", HEAD, Join.ROWS, 0);
        }
        shards.getFirst().tensors().keySet().stream()
                .filter(name -> name.startsWith(LAYERS))
                .forEach(name -> addOfLayer(name, spec.headDim()));
        return new StoredModel(
                directory,
                MetaParams.FILE,
                spec,
                tensors,
                shards.stream().map(MetaModel::facts).toList());
    }

    /** Tensors may share a storage, as tied ones do; but a small file must not become a large model by it. */
    private static void refuseManyFromOne(TorchFile file) {
        long bytes = 0;
        for (TorchTensor tensor : file.tensors().values()) {
            bytes = Math.addExact(bytes, tensor.data().byteSize());
        }
        if (bytes > 2 * file.sizeBytes()) {
            throw new ModelFormatException(file.path() + " has " + file.sizeBytes() + " bytes, but its tensors claim "
                    + bytes + ": they lie in the same place");
        }
    }

    /** A tensor of a layer; one that LLaMA does not have keeps its name, and is refused by it. */
    private void addOfLayer(String name, int headDim) {
        int dot = name.indexOf('.', LAYERS.length());
        String prefix = LlamaTensors.LAYER_PREFIX + name.substring(LAYERS.length(), Math.max(LAYERS.length(), dot));
        switch (name.substring(dot + 1)) {
            case "attention_norm.weight" -> replicated(prefix + ".input_layernorm.weight", name);
            case "attention.wq.weight" -> add(prefix + ".self_attn.q_proj.weight", name, Join.ROWS, headDim);
            case "attention.wk.weight" -> add(prefix + ".self_attn.k_proj.weight", name, Join.ROWS, headDim);
            case "attention.wv.weight" -> add(prefix + ".self_attn.v_proj.weight", name, Join.ROWS, 0);
            case "attention.wo.weight" -> add(prefix + ".self_attn.o_proj.weight", name, Join.COLUMNS, 0);
            case "ffn_norm.weight" -> replicated(prefix + ".post_attention_layernorm.weight", name);
            case "feed_forward.w1.weight" -> add(prefix + ".mlp.gate_proj.weight", name, Join.ROWS, 0);
            case "feed_forward.w3.weight" -> add(prefix + ".mlp.up_proj.weight", name, Join.ROWS, 0);
            case "feed_forward.w2.weight" -> add(prefix + ".mlp.down_proj.weight", name, Join.COLUMNS, 0);
            default -> replicated(LlamaTensors.LAYER_PREFIX + name, name);
        }
    }

    private void add(String name, String stored, Join join, int pairRows) {
        var parts = new ArrayList<TorchTensor>();
        for (TorchFile shard : shards) {
            TorchTensor part = shard.tensors().get(stored);
            if (part == null) {
                throw new ModelFormatException(shard.path() + " has no tensor " + stored);
            }
            parts.add(part);
        }
        tensors.put(name, MetaTensor.of(name, shards.getFirst().path(), parts, join, pairRows));
    }

    private void replicated(String name, String stored) {
        tensors.put(name, MetaTensor.of(name, shards.getFirst().path(), List.of(first(stored)), Join.ROWS, 0));
    }

    private TorchTensor first(String stored) {
        TorchTensor tensor = shards.getFirst().tensors().get(stored);
        if (tensor == null) {
            throw new ModelFormatException(shards.getFirst().path() + " has no tensor " + stored);
        }
        return tensor;
    }

    private int rows(String name) {
        List<Long> shape = tensors.get(name).shape();
        if (shape.isEmpty() || shape.getFirst() > Integer.MAX_VALUE) {
            throw new ModelFormatException(
                    shards.getFirst().path() + ": tensor " + name + " has the shape " + shape + ", which is no matrix");
        }
        return shape.getFirst().intValue();
    }

    private static StoredFile facts(TorchFile file) {
        var contents = new ArrayList<String>();
        MemorySegment largest = MemorySegment.NULL;
        for (TorchTensor tensor : file.tensors().values()) {
            contents.add(tensor.name() + " " + tensor.dtype() + " " + tensor.shape());
            largest = tensor.data().byteSize() > largest.byteSize() ? tensor.data() : largest;
        }
        return new StoredFile(file.path(), file.sizeBytes(), contents, largest);
    }
}
