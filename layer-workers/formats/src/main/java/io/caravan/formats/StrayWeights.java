package io.caravan.formats;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Files in a model's folder that look like its weights and do not count: left over from another revision, of another format,
 * or to be added to it. They are named to people, because who put them there may expect other answers.
 */
final class StrayWeights {
    private static final Pattern WEIGHTS = Pattern.compile(".*\\.(safetensors|gguf|ggml)"
            + "|(pytorch_model|adapter_model|flax_model|tf_model|consolidated).*\\.(bin|pth?|msgpack|h5)");

    private StrayWeights() {}

    /** Their names, each with what it is, sorted; those in {@code counted} are the model. */
    static List<String> beside(Path directory, List<StoredFile> counted) {
        Set<Path> names =
                counted.stream().map(file -> file.path().getFileName()).collect(Collectors.toSet());
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(Files::isRegularFile)
                    .map(Path::getFileName)
                    .filter(name -> !names.contains(name))
                    .map(Path::toString)
                    .filter(name -> WEIGHTS.matcher(name).matches())
                    .sorted()
                    .map(name -> name + " (" + what(name, names) + ")")
                    .toList();
        } catch (IOException e) {
            throw new ModelFormatException("cannot list " + directory + ": " + e, e);
        }
    }

    private static String what(String name, Set<Path> counted) {
        if (name.startsWith("adapter_model.")) {
            return "an adapter, which is not applied: merge it into the model";
        }
        if (name.startsWith("mmproj")) {
            return "the part of a model that sees, which is not served";
        }
        boolean sameFormat =
                counted.stream().anyMatch(each -> suffix(each.toString()).equals(suffix(name)));
        if (name.endsWith(".safetensors") && counted.size() > 1) {
            return "not one of the files that " + CheckpointFiles.INDEX + " names";
        }
        return sameFormat ? "not a part of the model" : "passed over for files of another format";
    }

    private static String suffix(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
