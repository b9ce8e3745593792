package io.caravan.kernels;

import io.caravan.kernels.nativelib.Affinity;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The CPUs that compute threads are pinned to, one each and in this order; with none, threads run where the system puts them.
 */
public record CpuList(List<Integer> cpus) {
    /** Pins nothing. */
    public static final CpuList ANY = new CpuList(List.of());

    private static final Pattern RANGE = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");

    public CpuList {
        cpus = List.copyOf(cpus);
    }

    /**
     * The list that {@code text} writes as {@code 0-3,8}; nothing is {@link #ANY}.
     *
     * @throws IllegalArgumentException when it is no such list
     */
    public static CpuList parse(String text) {
        var cpus = new ArrayList<Integer>();
        for (var range : text.isBlank() ? new String[0] : text.split(",", -1)) {
            var numbers = RANGE.matcher(range.strip());
            if (!numbers.matches()) {
                throw new IllegalArgumentException("CPUs are listed as 0-3,8, not as " + text);
            }
            var first = Integer.parseInt(numbers.group(1));
            var last = numbers.group(2) == null ? first : Integer.parseInt(numbers.group(2));
            for (var cpu = first; cpu <= last; cpu++) {
                cpus.add(cpu);
            }
            if (last < first) {
                throw new IllegalArgumentException("the CPUs " + range.strip() + " run backwards");
            }
        }
        return new CpuList(cpus);
    }

    /**
     * Makes sure that this process may run on all of them.
     *
     * @throws IllegalArgumentException when it may not; names the CPUs that it may
     */
    public void requireAllowed() {
        if (cpus.isEmpty()) {
            return;
        }
        BitSet allowed;
        try {
            allowed = Affinity.allowed();
        } catch (UnsupportedOperationException missing) {
            throw new IllegalArgumentException(
                    "threads are pinned by the native library: " + missing.getMessage(), missing);
        }
        var others = new CpuList(cpus.stream().filter(cpu -> !allowed.get(cpu)).toList());
        if (!others.cpus.isEmpty()) {
            throw new IllegalArgumentException("this process may run on the CPUs "
                    + new CpuList(allowed.stream().boxed().toList()) + ", not on " + others);
        }
    }

    /** The {@code count} CPUs from the one numbered {@code first} in the list on, as a ring. */
    public CpuList part(int first, int count) {
        var part = new ArrayList<Integer>();
        for (var i = 0; i < count && !cpus.isEmpty(); i++) {
            part.add(cpus.get((first + i) % cpus.size()));
        }
        return new CpuList(part);
    }

    /** Pins the calling thread, which is the one of this number among those that compute together. */
    void pin(int thread) {
        if (!cpus.isEmpty()) {
            Affinity.pin(cpus.get(thread % cpus.size()));
        }
    }

    /** As {@link #parse} reads it. */
    @Override
    public String toString() {
        return cpus.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
