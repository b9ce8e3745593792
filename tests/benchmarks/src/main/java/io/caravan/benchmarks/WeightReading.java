package io.caravan.benchmarks;

import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.kernels.StoredRows;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.ActivationChoice;
import io.caravan.proto.model.TensorType;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * How near products of few rows come to the memory's limit: each kernel reads weights that no cache holds, in turn with a plain read of
 * the same memory, on one thread and on all at once. It prints gigabytes of weights a second and the share of the plain read, medians
 * of all rounds.
 *
 * <p>Threads take their own times and share nothing: a clock that another thread reads would count how long it waits for a core.
 */
public final class WeightReading {
    private static final VectorSpecies<Long> SPECIES = LongVector.SPECIES_PREFERRED;

    private static final List<Format> FORMATS = List.of(
            new Format(TensorType.Q8_0, ActivationChoice.INT8),
            new Format(TensorType.Q4_0, ActivationChoice.INT8),
            new Format(TensorType.Q4_K, ActivationChoice.INT8),
            new Format(TensorType.Q5_K, ActivationChoice.INT8),
            new Format(TensorType.Q6_K, ActivationChoice.INT8),
            new Format(TensorType.Q2_K, ActivationChoice.INT8),
            new Format(TensorType.BF16, ActivationChoice.BF16),
            new Format(TensorType.BF16, ActivationChoice.F32),
            new Format(TensorType.F16, ActivationChoice.F32),
            new Format(TensorType.F32, ActivationChoice.F32),
            new Format(TensorType.Q8_0, ActivationChoice.F32),
            new Format(TensorType.Q4_0, ActivationChoice.F32),
            new Format(TensorType.Q4_K, ActivationChoice.F32),
            new Format(TensorType.Q6_K, ActivationChoice.F32),
            new Format(TensorType.Q2_K, ActivationChoice.F32));

    /** What is measured. */
    record Format(TensorType type, ActivationChoice activations) {}

    /**
     * How it is measured.
     *
     * @param n rows of a matrix
     * @param k its columns
     * @param threadBytes of weights for each thread, at least
     * @param rounds of which medians are taken
     */
    record Plan(KernelChoice kernels, int threads, int n, int k, long threadBytes, int rounds) {}

    private final Plan plan;
    private final PrintStream out;

    WeightReading(Plan plan, PrintStream out) {
        this.plan = plan;
        this.out = out;
    }

    /** Arguments: the kernels, NATIVE where there are none, and formats to leave others out. */
    public static void main(String[] arguments) throws InterruptedException {
        var kernels = arguments.length > 0 ? KernelChoice.valueOf(arguments[0]) : KernelChoice.NATIVE;
        var wanted = List.of(arguments).subList(Math.min(1, arguments.length), arguments.length);
        var threads = Runtime.getRuntime().availableProcessors();
        var reading = new WeightReading(new Plan(kernels, threads, 5632, 2048, 256 << 20, 7), System.out);
        reading.measure(FORMATS.stream()
                .filter(format ->
                        wanted.isEmpty() || wanted.contains(format.type().name()))
                .toList());
    }

    void measure(List<Format> formats) throws InterruptedException {
        out.printf("weights  activations  rows  threads  plain GB/s   kernel GB/s   share%n");
        try (var executor = Executors.newFixedThreadPool(plan.threads())) {
            for (var format : formats) {
                measure(format, executor);
            }
        }
    }

    private void measure(Format format, ExecutorService executor) throws InterruptedException {
        try (var stretches = new Stretches(format)) {
            for (var rows : new int[] {1, 2}) {
                for (var threads = 1; threads <= plan.threads(); threads += Math.max(1, plan.threads() - 1)) {
                    var plain = new double[plan.rounds()];
                    var kernel = new double[plan.rounds()];
                    for (var round = -1; round < plan.rounds(); round++) {
                        var read = together(executor, stretches.first(threads), Stretch::read);
                        var multiplied = together(executor, stretches.first(threads), each -> each.multiply(rows));
                        if (round >= 0) { // the first one compiles
                            plain[round] = read;
                            kernel[round] = multiplied;
                        }
                    }
                    var limit = median(plain);
                    var speed = median(kernel);
                    out.printf(
                            "%-7s  %-11s  %4d  %7d  %10.1f  %12.1f  %6.2f%n",
                            format.type(), format.activations(), rows, threads, limit, speed, speed / limit);
                }
            }
        }
    }

    private interface Pass {
        long bytes(Stretch stretch);
    }

    /** Gigabytes a second of all threads, each over a stretch of its own, begun together. */
    private static double together(ExecutorService executor, List<Stretch> stretches, Pass pass)
            throws InterruptedException {
        var begin = new CyclicBarrier(stretches.size());
        var speeds = executor.invokeAll(stretches.stream()
                .map(stretch -> (Callable<Double>) () -> {
                    begin.await();
                    var startNs = System.nanoTime();
                    var bytes = pass.bytes(stretch);
                    return bytes / (double) (System.nanoTime() - startNs);
                })
                .toList());
        var sum = 0.0;
        for (var speed : speeds) {
            try {
                sum += speed.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException("a thread could not measure", e.getCause());
            }
        }
        return sum;
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    /** One thread's device and weights. */
    private final class Stretch implements AutoCloseable {
        private final HostDevice device;
        private final List<Tensor> matrices = new ArrayList<>();
        private final Tensor x; // [2, k]
        private final Tensor product; // [2, n]
        private volatile long sum; // written, so that the compiler keeps the plain read

        Stretch(Format format) {
            device = HostDevice.open(plan.kernels(), 1, format.activations());
            x = Operands.random(device, TensorType.F32, 2, plan.k());
            product = device.allocate(TensorType.F32, 2, plan.n());
            for (var bytes = 0L;
                    bytes < plan.threadBytes();
                    bytes += matrices.getLast().byteSize()) {
                matrices.add(weights(format.type()));
            }
        }

        /** Weights whose scales and elements are all between 1e-10 and 1, whatever the format makes of its bytes. */
        private Tensor weights(TensorType type) {
            try (var arena = Arena.ofConfined()) {
                var data = arena.allocate(type.bytes((long) plan.n() * plan.k()), Long.BYTES);
                var random = new SplittableRandom(matrices.size());
                for (var at = 0L; at < data.byteSize() / Long.BYTES; at++) {
                    data.setAtIndex(
                            ValueLayout.JAVA_LONG, at, 0x3030303030303030L | random.nextLong() & 0x0f0f0f0f0f0f0f0fL);
                }
                return type.quantised() || device.packedBytes(type, plan.n(), plan.k()) > 0
                        ? device.weights(new StoredRows(type, plan.n(), plan.k(), data))
                        : copy(type, data);
            }
        }

        private Tensor copy(TensorType type, MemorySegment data) {
            var tensor = device.allocate(type, plan.n(), plan.k());
            device.write(tensor, data, data.byteSize());
            return tensor;
        }

        long read() {
            var bytes = 0L;
            var sums = LongVector.zero(SPECIES);
            for (var matrix : matrices) {
                sums = sums.add(sumOf(matrix));
                bytes += matrix.byteSize();
            }
            sum = sums.reduceLanes(VectorOperators.ADD);
            return bytes;
        }

        private LongVector sumOf(Tensor matrix) {
            var data = matrix.data();
            var step = SPECIES.vectorByteSize();
            var order = ByteOrder.nativeOrder();
            var a = LongVector.zero(SPECIES);
            var b = a;
            var c = a;
            var d = a;
            for (var at = 0L; at <= data.byteSize() - 4L * step; at += 4L * step) {
                a = a.add(LongVector.fromMemorySegment(SPECIES, data, at, order));
                b = b.add(LongVector.fromMemorySegment(SPECIES, data, at + step, order));
                c = c.add(LongVector.fromMemorySegment(SPECIES, data, at + 2L * step, order));
                d = d.add(LongVector.fromMemorySegment(SPECIES, data, at + 3L * step, order));
            }
            return a.add(b).add(c.add(d));
        }

        long multiply(int rows) {
            var bytes = 0L;
            for (var matrix : matrices) {
                device.kernels().matmul(product, x, matrix, rows);
                bytes += matrix.byteSize();
            }
            return bytes;
        }

        @Override
        public void close() {
            device.close();
        }
    }

    /** The stretches of all threads. */
    private final class Stretches implements AutoCloseable {
        private final List<Stretch> all = new ArrayList<>();

        Stretches(Format format) {
            for (var thread = 0; thread < plan.threads(); thread++) {
                all.add(new Stretch(format));
            }
        }

        List<Stretch> first(int count) {
            return all.subList(0, count);
        }

        @Override
        public void close() {
            all.forEach(Stretch::close);
        }
    }
}
