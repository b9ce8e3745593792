package io.caravan.kernels.nativelib;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * The shared library in this jar, loaded once for the life of the process. {@code -Dcaravan.kernels.library=FILE} names
 * another, for example one built for a CPU path that is to be tried.
 */
@SuppressWarnings("restricted")
final class NativeLibrary {
    private static final String OVERRIDE = "caravan.kernels.library";

    private final SymbolLookup symbols;

    /** Name of the CPU path whose kernels run here, as {@code avx2}. */
    private final String path;

    private NativeLibrary(SymbolLookup symbols, String architecture) {
        this.symbols = symbols;
        this.path = path(architecture);
    }

    /**
     * The library of this process.
     *
     * @throws UnsupportedOperationException when there is none for this machine or it cannot be loaded; says why
     */
    static NativeLibrary shared() {
        return Shared.LIBRARY.get();
    }

    private static final class Shared {
        static final Supplier<NativeLibrary> LIBRARY = loaded();

        private static Supplier<NativeLibrary> loaded() {
            try {
                var library = load();
                return () -> library;
            } catch (UnsupportedOperationException e) {
                return () -> {
                    throw new UnsupportedOperationException(e.getMessage(), e);
                };
            }
        }
    }

    /**
     * Loads the library.
     *
     * @throws UnsupportedOperationException when there is none for this machine or it cannot be loaded; says why
     */
    private static NativeLibrary load() {
        var architecture = architecture();
        var named = System.getProperty(OVERRIDE);
        try {
            if (named != null) {
                return new NativeLibrary(SymbolLookup.libraryLookup(Path.of(named), Arena.global()), architecture);
            }
            var system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
            var resource = system + "-" + architecture + "/libcaravan.so";
            try (var library = NativeLibrary.class.getResourceAsStream(resource)) {
                if (library == null) {
                    throw new UnsupportedOperationException(
                            "none were built for " + system + "-" + architecture + " (a C compiler builds them)");
                }
                return new NativeLibrary(load(library), architecture);
            }
        } catch (IOException | IllegalArgumentException unloadable) {
            throw new UnsupportedOperationException("their library cannot be loaded: " + unloadable.getMessage());
        }
    }

    /** The system loads files only; the file may go as soon as it is loaded. */
    private static SymbolLookup load(InputStream library) throws IOException {
        var file = Files.createTempFile("caravan-kernels", ".so");
        try {
            Files.write(file, library.readAllBytes());
            return SymbolLookup.libraryLookup(file, Arena.global());
        } finally {
            Files.delete(file);
        }
    }

    private static String architecture() {
        return switch (System.getProperty("os.arch")) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "aarch64";
            case String other -> other;
        };
    }

    /** The widest path that this CPU runs and that a compiler made. */
    private String path(String architecture) {
        var widest = (int) (long) invoke(function("caravan_path"));
        var paths = architecture.equals("x86_64")
                ? List.of("avx2", "avx512", "avx512bf16", "amx")
                : List.of("neon", "neoni8mm");
        for (var i = Math.min(widest, paths.size()) - 1; i >= 0; i--) {
            if (symbols.find(paths.get(i) + "_pack").isPresent()) {
                return paths.get(i);
            }
        }
        throw new UnsupportedOperationException("this CPU has neither AVX2 nor NEON with dot products");
    }

    /** What a call threw, to be thrown on; kernels themselves throw nothing. */
    static RuntimeException failed(Throwable e) {
        return switch (e) {
            case RuntimeException unchecked -> unchecked;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }

    private static Object invoke(MethodHandle function) {
        try {
            return function.invoke();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    String path() {
        return path;
    }

    /**
     * A kernel of this CPU's path, which returns nothing. A call keeps the JVM waiting for it: it is short and calls nothing
     * back.
     */
    MethodHandle kernel(String name, MemoryLayout... arguments) {
        return link(path + "_" + name, FunctionDescriptor.ofVoid(arguments), Linker.Option.critical(false));
    }

    /** As {@link #kernel}, one that may be handed arrays of Java's, which stay where they are meanwhile. */
    MethodHandle arrayKernel(String name, MemoryLayout... arguments) {
        return link(path + "_" + name, FunctionDescriptor.ofVoid(arguments), Linker.Option.critical(true));
    }

    /** As {@link #arrayKernel}, one that returns a size. */
    MethodHandle arraySize(String name, MemoryLayout... arguments) {
        return link(
                path + "_" + name,
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments),
                Linker.Option.critical(true));
    }

    /** A size that a kernel of this CPU's path needs, as quickly told. */
    MethodHandle size(String name, MemoryLayout... arguments) {
        return link(
                path + "_" + name,
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments),
                Linker.Option.critical(false));
    }

    /** A kernel of this CPU's path that may wait for a disk. */
    MethodHandle slowKernel(String name, MemoryLayout... arguments) {
        return link(path + "_" + name, FunctionDescriptor.ofVoid(arguments));
    }

    /** A function of the library that asks the system for something, and returns a number. */
    MethodHandle function(String name, MemoryLayout... arguments) {
        return link(name, FunctionDescriptor.of(ValueLayout.JAVA_LONG, arguments));
    }

    /** So many parameters, each an address or a number of 64 bits. */
    static MemoryLayout[] longs(int count) {
        return Collections.nCopies(count, ValueLayout.JAVA_LONG).toArray(MemoryLayout[]::new);
    }

    private MethodHandle link(String name, FunctionDescriptor descriptor, Linker.Option... options) {
        var symbol = symbols.find(name)
                .orElseThrow(() -> new UnsupportedOperationException("their library has no function " + name));
        return Linker.nativeLinker().downcallHandle(symbol, descriptor, options);
    }
}
