package io.caravan.scheduler.placement;

import java.util.Locale;

/** Sizes as people read them. */
final class Bytes {
    private Bytes() {}

    static String text(long bytes) {
        if (Math.abs(bytes) < 1 << 20) {
            return String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
        }
        if (Math.abs(bytes) < 1 << 30) {
            return String.format(Locale.ROOT, "%.1f MiB", bytes / (1024.0 * 1024));
        }
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (1024.0 * 1024 * 1024));
    }
}
