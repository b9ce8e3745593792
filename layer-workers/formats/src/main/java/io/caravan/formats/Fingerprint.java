package io.caravan.formats;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.Variations;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Tells two checkpoints apart without reading them whole, which would take minutes. The digest covers the
 * {@link ModelSpec} but for its name, every tensor's name, type, shape and place, every file's name and size, and the
 * first and last {@link #SAMPLE_BYTES} of each file's data. So it is equal on every machine that holds the same files
 * under any path, and differs for another model, another revision of one, or another training run. It does not notice
 * weights that were changed in the middle of a file alone.
 */
final class Fingerprint {
    static final long SAMPLE_BYTES = 4096;

    private final MessageDigest digest;

    private Fingerprint(MessageDigest digest) {
        this.digest = digest;
    }

    static String of(ModelSpec spec, List<StoredFile> files) {
        try {
            var fingerprint = new Fingerprint(MessageDigest.getInstance("SHA-256"));
            fingerprint.add(spec);
            files.forEach(fingerprint::add);
            return HexFormat.of().formatHex(fingerprint.digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    private void add(ModelSpec spec) {
        line("hidden", spec.hiddenSize(), spec.intermediateSize(), spec.layerCount());
        line("heads", spec.headCount(), spec.kvHeadCount(), spec.headDim());
        line("vocabulary", spec.vocabSize(), spec.tiedEmbeddings(), spec.eosTokenIds());
        if (!spec.variations().equals(Variations.NONE)) {
            line("variations", spec.variations());
        }
        line("positions", spec.maxPositions(), spec.rmsNormEps(), spec.ropeTheta(), spec.ropeScaling());
    }

    private void add(StoredFile file) {
        line("file", file.path().getFileName(), file.sizeBytes());
        file.contents().forEach(tensor -> line("tensor", tensor));
        MemorySegment data = file.data();
        long sample = Math.min(SAMPLE_BYTES, data.byteSize());
        digest.update(data.asSlice(0, sample).asByteBuffer());
        digest.update(data.asSlice(data.byteSize() - sample, sample).asByteBuffer());
    }

    private void line(Object... facts) {
        for (Object fact : facts) {
            byte[] bytes = fact.toString().getBytes(StandardCharsets.UTF_8);
            digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
            digest.update(bytes);
        }
        digest.update((byte) '\n');
    }
}
