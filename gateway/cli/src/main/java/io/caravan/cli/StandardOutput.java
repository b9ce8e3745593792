package io.caravan.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Standard output, in UTF-8, that does not lose what went wrong. Java's own keeps a failed write to itself, so that a result
 * on a full disk would be no result and exit status 0.
 */
public final class StandardOutput {
    private static final int BUFFER_BYTES = 8192;
    private static final Path LINUX_NAME = Path.of("/proc/self/fd/1");

    private StandardOutput() {}

    /** Makes {@code System.out} throw {@link Lost} where a write fails. */
    static void install() {
        var bytes = new BufferedOutputStream(new Checked(new FileOutputStream(FileDescriptor.out)), BUFFER_BYTES);
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    }

    /** What was printed did not arrive. Unchecked, because a {@code PrintStream} swallows what is checked. */
    public static final class Lost extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final boolean readerGone;

        Lost(IOException cause, boolean readerGone) {
            super("cannot write to standard output: " + cause.getMessage(), cause);
            this.readerGone = readerGone;
        }

        /** Whether nobody reads it any more, as after {@code | head}: no error that people want to hear of. */
        public boolean readerGone() {
            return readerGone;
        }
    }

    private static final class Checked extends OutputStream {
        private final FileOutputStream file;

        Checked(FileOutputStream file) {
            this.file = file;
        }

        @Override
        public void write(int one) {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            try {
                file.write(bytes, offset, length);
            } catch (IOException e) {
                throw new Lost(e, isPipe(e));
            }
        }
    }

    /** Pipes and sockets fail in no other way than by losing their reader. The message is in the user's language. */
    private static boolean isPipe(IOException failure) {
        try {
            String name = Files.readSymbolicLink(LINUX_NAME).toString();
            return name.startsWith("pipe:") || name.startsWith("socket:");
        } catch (IOException notLinux) {
            return String.valueOf(failure.getMessage()).contains("Broken pipe");
        }
    }
}
