package io.caravan.benchmarks;

import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One matrix product: a row is decoding, sixteen are a batch of it, and hundreds are prefill. Consecutive calls read
 * different matrices, together larger than the caches, as a model's layers are.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 7, time = 2)
@Fork(1)
public class MatmulBenchmark {
    @Param({"1", "16", "512"})
    int rows;

    @Param("5632")
    int n;

    @Param("2048")
    int k;

    @Param("12")
    int matrices;

    @Param("BF16")
    TensorType type;

    @Param("VECTOR")
    KernelChoice kernels;

    @Param({"1", "2"})
    int threads;

    private HostDevice device;
    private Tensor x; // [rows, k]
    private Tensor out; // [rows, n]
    private Tensor[] weights; // [n, k] each
    private int next;

    /** Fills the operands. */
    @Setup(Level.Trial)
    public void open() {
        device = HostDevice.open(kernels, threads);
        x = Operands.random(device, TensorType.F32, rows, k);
        out = device.allocate(TensorType.F32, rows, n);
        weights = new Tensor[matrices];
        for (var i = 0; i < matrices; i++) {
            weights[i] = Operands.random(device, type, n, k);
        }
    }

    @Benchmark
    public void matmul() {
        device.kernels().matmul(out, x, weights[next], rows);
        next = (next + 1) % matrices;
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        device.close();
    }
}
