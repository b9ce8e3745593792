package io.caravan.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** What went wrong with a file, in a few words: Java's own message is often the mere path. */
public final class FileTrouble {
    private FileTrouble() {}

    /** The reason of {@code failure}. */
    public static String of(IOException failure) {
        if (!(failure instanceof FileSystemException file)) {
            return String.valueOf(failure.getMessage());
        }
        if (file.getReason() != null) {
            return file.getReason();
        }
        return switch (file) {
            case AccessDeniedException denied -> "permission denied";
            case NoSuchFileException missing -> "no such file or folder";
            case FileAlreadyExistsException there -> "a file of this name is there";
            default -> file.toString();
        };
    }
}
