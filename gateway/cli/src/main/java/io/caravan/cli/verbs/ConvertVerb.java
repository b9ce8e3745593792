package io.caravan.cli.verbs;

import io.caravan.cli.CliException;
import io.caravan.cli.FileTrouble;
import io.caravan.cli.Progress;
import io.caravan.formats.Checkpoint;
import io.caravan.formats.Checkpoints;
import io.caravan.formats.SafetensorsFolder;
import io.caravan.formats.gguf.GgufFiles;
import io.caravan.formats.gguf.GgufWriter;
import io.caravan.gateway.tokenizer.CarriedText;
import io.caravan.model.convert.ConvertedData;
import io.caravan.model.convert.Retyping;
import io.caravan.proto.model.TensorType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a model in another format, or with other types of weights. */
@Command(
        name = "convert",
        description =
                "Write a model in another format or with quantised weights. Tokenizer and chat template come along.")
public final class ConvertVerb extends Verb {
    private static final List<TensorType> WRITTEN = List.of(
            TensorType.Q8_0,
            TensorType.Q4_0,
            TensorType.Q4_K,
            TensorType.Q6_K,
            TensorType.BF16,
            TensorType.F16,
            TensorType.F32);

    @Parameters(index = "0", paramLabel = "SRC", description = "A model's folder, or a GGUF file.")
    private Path source;

    @Parameters(
            index = "1",
            paramLabel = "DST",
            description = "A name that ends in .gguf, or else a new or empty folder for safetensors.")
    private Path target;

    @Option(
            names = "--quantize",
            paramLabel = "q8_0|q4_0|q4_k|q6_k|bf16|f16|f32",
            description = "Of the matrices (default: as they are).")
    private Optional<TensorType> type = Optional.empty();

    @Option(names = "--force", description = "Write over what DST holds.")
    private boolean force;

    @Override
    public Integer call() {
        boolean gguf = target.toString().endsWith(GgufFiles.SUFFIX);
        if (type.isPresent() && !WRITTEN.contains(type.get())) {
            throw new CliException("weights are not quantised to " + type.get() + ", only read from it; " + WRITTEN
                    + " can be written");
        }
        if (gguf && !force && Files.exists(target)) {
            throw new CliException(target + " exists; --force writes over it");
        }
        var progress = Progress.onStandardError();
        try (Checkpoint checkpoint = Checkpoints.open(source)) {
            var plan = Retyping.of(checkpoint, type, gguf);
            plan.fallbacks().forEach(progress::say);
            checkpoint.strays().forEach(stray -> progress.say("Passing over " + stray));
            for (Path partial : gguf ? GgufWriter.leftOver(target) : SafetensorsFolder.leftOver(target)) {
                progress.say("Removing " + partial + ", which a run that was broken off left");
            }
            progress.say(String.format(Locale.ROOT, "Writing %.2f GB to %s ...", plan.bytes() / 1e9, target));
            write(checkpoint, plan, gguf, progress);
        } catch (IOException e) {
            throw new CliException("cannot write " + target + ": " + FileTrouble.of(e), e);
        } finally {
            progress.clear();
        }
        System.out.println(target);
        return OK;
    }

    private void write(Checkpoint checkpoint, Retyping plan, boolean gguf, Progress progress) throws IOException {
        var written = new long[1];
        var data = new ConvertedData(checkpoint, bytes -> {
            written[0] += bytes;
            progress.update("  %d%%".formatted(written[0] * 100 / Math.max(1, plan.bytes())));
        });
        var spec = checkpoint.spec();
        if (gguf) {
            GgufWriter.write(target, spec, CarriedText.toGguf(source, spec), plan.tensors(), data);
        } else {
            var files = new HashMap<>(CarriedText.toFiles(source, spec));
            files.putAll(SafetensorsFolder.configuration(source, spec, plan.commonestType()));
            SafetensorsFolder.write(target, plan.tensors(), files, force, data);
        }
    }
}
