package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.StoredModel;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** A GGUF file, or the parts of one, as a model with Hugging Face's names. */
public final class GgufModel {
    private static final String EMBEDDING = "token_embd.weight";

    private GgufModel() {}

    /**
     * Maps and checks the model at {@code path}: a file, any part of a split one, or a folder with one model.
     *
     * @throws ModelFormatException when it is damaged, incomplete or not supported
     */
    public static StoredModel read(Path path, Arena arena) {
        List<GgufFile> files = files(path, arena);
        var entries = entries(files);
        GgufFields fields = files.getFirst().header().fields();
        var architecture = GgufArchitecture.of(fields);
        var spec = GgufConfig.read(
                fields,
                architecture,
                GgufFiles.modelName(files.getFirst().path()),
                vocabSize(fields, entries),
                ropeFactors(entries),
                entries.keySet());
        var tensors = new TreeMap<String, GgufTensor>();
        for (var placed : entries.values()) {
            String name = GgufArchitecture.hfName(placed.entry().name());
            boolean permuted = architecture.permutes(name)
                    && !placed.entry().shape().isEmpty()
                    && placed.entry().shape().getFirst() % spec.headDim() == 0;
            var tensor = new GgufTensor(name, placed.file(), placed.entry(), permuted ? spec.headDim() : 0);
            if (tensors.put(name, tensor) != null) {
                throw new ModelFormatException(tensor.path() + " has two tensors that mean " + name);
            }
        }
        return new StoredModel(
                path,
                "metadata",
                spec,
                tensors,
                files.stream().map(GgufFile::facts).toList());
    }

    /** The metadata of the model at {@code path}, good for as long as {@code arena} lives. */
    public static GgufFields fields(Path path, Arena arena) {
        return GgufFile.map(GgufFiles.of(path).getFirst(), arena).header().fields();
    }

    private static List<GgufFile> files(Path path, Arena arena) {
        List<GgufFile> files = GgufFiles.of(path).stream()
                .map(each -> GgufFile.map(each, arena))
                .toList();
        long tensorCount = 0;
        for (int i = 0; i < files.size(); i++) {
            GgufFields fields = files.get(i).header().fields();
            int count = fields.intOr("split.count", 1);
            if (Math.max(1, count) != files.size() || fields.intOr("split.no", 0) != i) {
                throw new ModelFormatException(fields.file() + " is part " + (fields.intOr("split.no", 0) + 1) + " of "
                        + count + " by its metadata, but part " + (i + 1) + " of " + files.size()
                        + " by its name; parts must keep the names NAME-00001-of-0000N.gguf");
            }
            tensorCount += files.get(i).header().entries().size();
        }
        GgufFields first = files.getFirst().header().fields();
        if (files.size() > 1 && first.intOr("split.tensors.count", -1) != tensorCount) {
            throw new ModelFormatException(first.file() + ": the parts hold " + tensorCount + " tensors, but metadata"
                    + " split.tensors.count says " + first.intOr("split.tensors.count", -1));
        }
        return files;
    }

    /** A tensor's description and the file that it is in. */
    private record Placed(GgufFile file, GgufHeader.Entry entry) {}

    private static SortedMap<String, Placed> entries(List<GgufFile> files) {
        var entries = new TreeMap<String, Placed>();
        for (GgufFile file : files) {
            for (GgufHeader.Entry entry : file.header().entries()) {
                if (entries.put(entry.name(), new Placed(file, entry)) != null) {
                    throw new ModelFormatException(file.path() + ": tensor " + entry.name() + " is there twice");
                }
            }
        }
        return entries;
    }

    private static int vocabSize(GgufFields fields, SortedMap<String, Placed> entries) {
        Placed embedding = entries.get(EMBEDDING);
        if (embedding == null || embedding.entry().shape().size() != 2) {
            throw new ModelFormatException(
                    fields.file() + " has no tensor " + EMBEDDING + " of two dimensions: it is not a whole model");
        }
        long rows = embedding.entry().shape().getFirst();
        if (rows > Integer.MAX_VALUE) {
            throw new ModelFormatException(fields.file() + ": " + EMBEDDING + " has " + rows + " rows");
        }
        return (int) rows;
    }

    private static float[] ropeFactors(SortedMap<String, Placed> entries) {
        Placed placed = entries.get(GgufArchitecture.ROPE_FACTORS);
        if (placed == null) {
            return new float[0];
        }
        GgufHeader.Entry entry = placed.entry();
        if (entry.ggmlType() != GgmlTypes.number(TensorType.F32)
                || entry.shape().size() != 1) {
            throw new ModelFormatException(
                    placed.file().path() + ": tensor " + entry.name() + " must be a list of F32 numbers");
        }
        var factors = new float[Math.toIntExact(entry.shape().getFirst())];
        var data = placed.file().data().asSlice(entry.offset(), entry.bytes());
        for (int i = 0; i < factors.length; i++) {
            factors[i] = Float.intBitsToFloat(data.get(GgufBytes.INT, (long) i * Float.BYTES));
            if (!(factors[i] > 0) || factors[i] == Float.POSITIVE_INFINITY) {
                throw new ModelFormatException(placed.file().path() + ": " + entry.name() + " holds " + factors[i]
                        + "; frequencies are divided by positive numbers");
            }
        }
        return factors;
    }
}
