package io.caravan.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;

/**
 * The image's layers, one over the other in a folder, and what the image says of itself. Starts its command as a container
 * engine does, less the engine: the folder as a read-only root, the image's user and its environment.
 *
 * @param name under which an engine loads it
 * @param config of the container: {@code User}, {@code Entrypoint}, {@code Env}
 */
record UnpackedImage(Path root, String name, JsonNode config) {
    /** In a mount namespace of its own; what a container has beside the image's files is /dev, /proc, and memory at /tmp. */
    private static final String ENTER = """
            set -e
            root=$1 user=$2 chroot=$(command -v chroot)
            shift 2
            mount --bind "$root" "$root"
            mount -o remount,bind,ro "$root"
            mount --rbind /proc "$root/proc"
            mount --rbind /dev "$root/dev"
            mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
            mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
            exec "$chroot" --userspec="$user" "$root" "$@"
            """;

    /** Unpacks {@code tar} into {@code folder}. */
    static UnpackedImage open(Path tar, Path folder) throws IOException, InterruptedException {
        var layers = Files.createDirectories(folder.resolve("layers"));
        var root = Files.createDirectories(folder.resolve("root"));
        unpack(tar, layers);
        var json = new ObjectMapper();
        var manifest = json.readTree(layers.resolve("manifest.json").toFile()).path(0);
        for (JsonNode layer : manifest.path("Layers")) {
            unpack(layers.resolve(layer.asText()), root);
        }
        for (String mountPoint : List.of("proc", "dev")) {
            Files.createDirectories(root.resolve(mountPoint));
        }
        var config =
                json.readTree(layers.resolve(manifest.path("Config").asText()).toFile());
        return new UnpackedImage(root, manifest.path("RepoTags").path(0).asText(), config.path("config"));
    }

    private static void unpack(Path archive, Path folder) throws IOException, InterruptedException {
        var tar = new ProcessBuilder("tar", "-xpf", archive.toString(), "-C", folder.toString())
                .redirectErrorStream(true)
                .start();
        var output = new String(tar.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tar.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(tar.exitValue()).as(output).isZero();
    }

    private List<String> list(String key) {
        return StreamSupport.stream(config.path(key).spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    /** Starts the image's entry point with {@code arguments}; what it prints goes to {@code output}. */
    Process run(Path output, String... arguments) throws IOException {
        var user = config.path("User").asText();
        var command = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c", ENTER, "sh", root.toString(), user));
        command.addAll(list("Entrypoint"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        var path = builder.environment().get("PATH");
        builder.environment().clear();
        builder.environment().put("PATH", path);
        for (String variable : list("Env")) {
            var pair = variable.split("=", 2);
            builder.environment().put(pair[0], pair[1]);
        }
        return builder.start();
    }
}
