package io.caravan.gateway;

import io.caravan.gateway.tokenizer.ServedModel;
import java.nio.file.Path;

/** The shipped model's folder. */
public final class TinyChat {
    private TinyChat() {}

    public static Path directory() {
        return Path.of(System.getProperty("basedir", "")).resolve("../cli/src/main/dist/models/tiny-chat");
    }

    public static ServedModel open() {
        return ServedModel.open(directory());
    }
}
