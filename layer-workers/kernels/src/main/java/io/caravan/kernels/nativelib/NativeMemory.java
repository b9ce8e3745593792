package io.caravan.kernels.nativelib;

import static io.caravan.kernels.nativelib.NativeLibrary.longs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Memory that comes from the system in huge pages, and pages of files that are given back to it. */
final class NativeMemory {
    private static final NativeLibrary LIBRARY = NativeLibrary.shared();
    private static final MethodHandle ALLOCATE = LIBRARY.function("caravan_allocate", longs(1));
    private static final MethodHandle RELEASE = LIBRARY.function("caravan_release", longs(2));
    private static final MethodHandle MAP_HUGE = LIBRARY.function("caravan_map_huge", longs(2));
    private static final MethodHandle FORGET = LIBRARY.function("caravan_forget", longs(2));

    private NativeMemory() {}

    /** Zeroed memory, given back with {@code arena}. */
    @SuppressWarnings("restricted")
    static MemorySegment allocate(Arena arena, long bytes) {
        try {
            var address = (long) ALLOCATE.invokeExact(bytes);
            if (address == 0) {
                throw new OutOfMemoryError("the system has no " + bytes + " bytes of memory left");
            }
            return MemorySegment.ofAddress(address)
                    .reinterpret(bytes, arena, segment -> release(segment.address(), bytes));
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    private static void release(long address, long bytes) {
        try {
            var ignored = (long) RELEASE.invokeExact(address, bytes);
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Whether the system maps this file, which is mapped whole, in huge pages. */
    static boolean mapHuge(MemorySegment file) {
        try {
            return (long) MAP_HUGE.invokeExact(file.address(), file.byteSize()) != 0;
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }

    /** Lets go of the pages of a mapped file, which come back when they are read again. */
    static void forget(MemorySegment file) {
        try {
            var ignored = (long) FORGET.invokeExact(file.address(), file.byteSize());
        } catch (Throwable e) {
            throw NativeLibrary.failed(e);
        }
    }
}
