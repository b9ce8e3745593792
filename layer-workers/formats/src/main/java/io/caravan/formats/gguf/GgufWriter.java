package io.caravan.formats.gguf;

import io.caravan.formats.PlannedTensor;
import io.caravan.formats.TensorData;
import io.caravan.formats.TensorSlot;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongUnaryOperator;
import java.util.stream.Stream;

/**
 * Writes a model as one GGUF file of version 3 with the rows of queries and keys as interleaved rotary pairs where
 * its architecture has them so. It is written under a name that ends in {@link #PARTIAL} and renamed when it is complete.
 */
public final class GgufWriter {
    static final String PARTIAL = ".partial";

    private static final int VERSION = 3;
    private static final int QUANTISATION_VERSION = 2;

    /** What stands for a tokenizer where there is none; llama.cpp refuses a file that says nothing. */
    private static final String NO_VOCABULARY = "no_vocab";

    private static final int ALIGNMENT = GgufHeader.DEFAULT_ALIGNMENT;

    private final ModelSpec spec;
    private final List<PlannedTensor> tensors;
    private final GgufArchitecture architecture;
    private final List<Double> ropeDivisors;

    private GgufWriter(ModelSpec spec, List<PlannedTensor> tensors) {
        this.spec = spec;
        this.tensors = tensors;
        this.architecture = GgufVariations.architecture(spec);
        this.ropeDivisors = RopeFactors.divisors(spec.ropeScaling(), spec.headDim(), spec.ropeTheta());
    }

    /**
     * Writes {@code tensors} to {@code file}, which is replaced where it exists.
     *
     * @param extra metadata beside what {@code spec} says: the tokenizer, for one
     * @throws IllegalArgumentException when the format has no place for what the model does
     * @throws IOException when the disk has no room or writing fails; what was written is removed
     */
    public static void write(
            Path file, ModelSpec spec, GgufMetadata extra, List<PlannedTensor> tensors, TensorData data)
            throws IOException {
        var writer = new GgufWriter(spec, tensors);
        Path partial = partial(file);
        partial.toFile().deleteOnExit(); // where the process is told to end
        try {
            Files.deleteIfExists(partial);
            try (FileChannel channel =
                    FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                writer.write(channel, extra, data);
                channel.force(true);
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /** What a run that was broken off left of {@code file}; writing it again removes that. */
    public static List<Path> leftOver(Path file) {
        return Stream.of(partial(file)).filter(Files::exists).toList();
    }

    private static Path partial(Path file) {
        return file.resolveSibling(file.getFileName() + PARTIAL);
    }

    private void write(FileChannel channel, GgufMetadata extra, TensorData data) throws IOException {
        writeFully(channel, ByteBuffer.wrap(header(extra)));
        pad(channel);
        if (!ropeDivisors.isEmpty()) {
            var factors = ByteBuffer.allocate(ropeDivisors.size() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            ropeDivisors.forEach(each -> factors.putFloat(each.floatValue()));
            writeFully(channel, factors.flip());
            pad(channel);
        }
        for (PlannedTensor tensor : tensors) {
            data.write(tensor, order(tensor.name()), channel);
            pad(channel);
        }
    }

    private byte[] header(GgufMetadata extra) {
        GgufMetadata metadata = metadata().putAll(extra);
        var encoder = new GgufMetadata.Encoder().int32(GgufHeader.MAGIC).int32(VERSION);
        var stored = stored();
        encoder.int64(stored.size()).int64(metadata.count());
        metadata.encode(encoder);
        long offset = 0;
        for (PlannedTensor tensor : stored) {
            encoder.text(GgufArchitecture.ggufName(tensor.name()))
                    .int32(tensor.shape().size());
            tensor.shape().reversed().forEach(encoder::int64);
            encoder.int32(GgmlTypes.number(tensor.type())).int64(offset);
            offset += padded(tensor.bytes());
        }
        return encoder.bytes();
    }

    /** The tensors of the file in their order: those of the model, behind the factors of its frequencies if it has any. */
    private List<PlannedTensor> stored() {
        var stored = new ArrayList<PlannedTensor>();
        if (!ropeDivisors.isEmpty()) {
            var slot = new TensorSlot(GgufArchitecture.ROPE_FACTORS, List.of((long) ropeDivisors.size()));
            stored.add(new PlannedTensor(slot, TensorType.F32));
        }
        stored.addAll(tensors);
        return stored;
    }

    private GgufMetadata metadata() {
        String prefix = architecture.key() + ".";
        var metadata = new GgufMetadata()
                .put(GgufArchitecture.KEY, architecture.key())
                .put("general.name", spec.name())
                .put("general.quantization_version", QUANTISATION_VERSION)
                .put(GgufKeys.MODEL, NO_VOCABULARY)
                .put(prefix + "vocab_size", spec.vocabSize())
                .put(prefix + "context_length", spec.maxPositions())
                .put(prefix + "embedding_length", spec.hiddenSize())
                .put(prefix + "block_count", spec.layerCount())
                .put(prefix + "feed_forward_length", spec.intermediateSize())
                .put(prefix + "attention.head_count", spec.headCount())
                .put(prefix + "attention.head_count_kv", spec.kvHeadCount())
                .put(prefix + "attention.key_length", spec.headDim())
                .put(prefix + "attention.value_length", spec.headDim())
                .put(prefix + "attention.layer_norm_rms_epsilon", spec.rmsNormEps())
                .put(prefix + "rope.dimension_count", spec.headDim())
                .put(prefix + "rope.freq_base", (float) spec.ropeTheta());
        GgufRope.put(metadata, prefix, spec.ropeScaling());
        GgufVariations.put(metadata, architecture, spec);
        if (!spec.eosTokenIds().isEmpty()) {
            metadata.put(GgufKeys.EOS_ID, spec.eosTokenIds().get(0));
        }
        return metadata.putInts(GgufKeys.EOS_IDS, spec.eosTokenIds().toArray());
    }

    /** Rows 2i and 2i + 1 of a head are rows i of its two halves, where the architecture interleaves them. */
    private LongUnaryOperator order(String name) {
        if (!architecture.permutes(name)) {
            return LongUnaryOperator.identity();
        }
        long headRows = spec.headDim();
        return row -> row - row % headRows + row % headRows / 2 + row % 2 * (headRows / 2);
    }

    private static long padded(long bytes) {
        return Math.ceilDiv(bytes, ALIGNMENT) * (long) ALIGNMENT;
    }

    private static void pad(FileChannel channel) throws IOException {
        writeFully(channel, ByteBuffer.allocate((int) (padded(channel.position()) - channel.position())));
    }

    private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
