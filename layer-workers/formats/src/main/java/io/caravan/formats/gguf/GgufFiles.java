package io.caravan.formats.gguf;

import io.caravan.formats.ModelFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which GGUF files make up a model: one, or the parts that a large one was split into. */
public final class GgufFiles {
    public static final String SUFFIX = ".gguf";

    /** The names that splitting gives: {@code NAME-00001-of-00003.gguf}. */
    private static final Pattern PART = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");

    /** The part of a model that sees; a file of its own beside the language model. */
    private static final String PROJECTOR = "mmproj";

    private GgufFiles() {}

    /** Whether {@code path} is a GGUF file, or a folder with one. */
    public static boolean present(Path path) {
        return Files.isRegularFile(path)
                ? path.getFileName().toString().endsWith(SUFFIX)
                : Files.isDirectory(path) && !models(path).isEmpty();
    }

    /**
     * The files of the model at {@code path}, the first part first.
     *
     * @throws ModelFormatException when a folder holds several models, or a part is missing
     */
    static List<Path> of(Path path) {
        if (!Files.isDirectory(path)) {
            return parts(path);
        }
        List<String> models = models(path);
        if (models.size() != 1) {
            throw new ModelFormatException(path + " holds " + models.size() + " GGUF models ("
                    + String.join(", ", models) + "): give the path of one of them");
        }
        return parts(path.resolve(models.getFirst()));
    }

    /** What users call the model of that file. */
    static String modelName(Path file) {
        String name = file.getFileName().toString();
        Matcher part = PART.matcher(name);
        return part.matches() ? part.group(1) : name.replaceFirst("\\.gguf$", "");
    }

    private static List<Path> parts(Path file) {
        Matcher part = PART.matcher(file.getFileName().toString());
        if (!part.matches()) {
            return List.of(file);
        }
        int count = Integer.parseInt(part.group(3));
        var parts = new ArrayList<Path>();
        for (int number = 1; number <= count; number++) {
            Path each = file.resolveSibling(partName(part.group(1), number, count));
            if (!Files.exists(each)) {
                throw new ModelFormatException(
                        file + " is one of " + count + " parts, of which " + each + " is missing");
            }
            parts.add(each);
        }
        return parts;
    }

    private static String partName(String name, int number, int count) {
        return "%s-%05d-of-%05d.gguf".formatted(name, number, count);
    }

    /** The names of first, or only, parts in a folder. */
    private static List<String> models(Path directory) {
        var models = new TreeSet<String>();
        try (Stream<Path> entries = Files.list(directory)) {
            entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.endsWith(SUFFIX) && !name.startsWith(PROJECTOR))
                    .forEach(name -> {
                        Matcher part = PART.matcher(name);
                        models.add(part.matches() ? partName(part.group(1), 1, Integer.parseInt(part.group(3))) : name);
                    });
        } catch (IOException e) {
            throw new ModelFormatException("cannot list " + directory + ": " + e, e);
        }
        return List.copyOf(models);
    }
}
