package io.caravan.benchmarks;

import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.kernels.KvLayer;
import io.caravan.kernels.PagedRows;
import io.caravan.kernels.Tensor;
import io.caravan.proto.model.TensorType;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
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

/** What a layer computes beside its matrix products, for the last {@code rows} of a sequence of {@code context} tokens. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 7, time = 1)
@Fork(1)
public class LayerBenchmark {
    private static final int BLOCK_TOKENS = 16;
    private static final float EPS = 1e-5f;

    /** Cosine and sine of 45 degrees, since kernels that work in place should neither grow nor shrink what they work on. */
    private static final float ROTATION = 0.70710678f;

    /** silu(-1) · (1 + e) = -1. */
    private static final float GATE = -1;

    private static final float UP = 3.7182818f;

    @Param({"1", "512"})
    int rows;

    @Param("1024")
    int context;

    @Param("32")
    int heads;

    @Param("4")
    int kvHeads;

    @Param("64")
    int headDim;

    @Param("5632")
    int intermediate;

    @Param("F16")
    TensorType kvType;

    @Param("VECTOR")
    KernelChoice kernels;

    @Param({"1", "2"})
    int threads;

    private HostDevice device;
    private Tensor query; // [rows, heads * headDim]
    private Tensor attended; // as query
    private Tensor norm; // [1, heads * headDim]
    private Tensor angles; // [rows, headDim / 2]
    private Tensor gate; // [rows, intermediate]
    private Tensor up; // as gate
    private KvLayer kv;
    private PagedRows where;

    /** Fills the operands. */
    @Setup(Level.Trial)
    public void open() {
        device = HostDevice.open(kernels, threads);
        var width = (long) heads * headDim;
        query = Operands.random(device, TensorType.F32, rows, width);
        attended = device.allocate(TensorType.F32, rows, width);
        norm = Operands.random(device, TensorType.F32, 1, width);
        angles = Operands.filled(device, rows, headDim / 2, ROTATION);
        gate = Operands.filled(device, rows, intermediate, GATE);
        up = Operands.filled(device, rows, intermediate, UP);
        var blocks = Math.ceilDiv(context, BLOCK_TOKENS);
        var kvRows = (long) blocks * kvHeads * BLOCK_TOKENS;
        kv = new KvLayer(
                Operands.random(device, kvType, kvRows, headDim),
                Operands.random(device, kvType, kvRows, headDim),
                BLOCK_TOKENS,
                kvHeads,
                headDim);
        var table = IntStream.range(0, blocks).toArray();
        var tables = new int[rows][];
        Arrays.fill(tables, table);
        where = new PagedRows(IntStream.range(context - rows, context).toArray(), tables);
    }

    @Benchmark
    public void attention() {
        device.kernels().attention(attended, query, kv, where);
    }

    @Benchmark
    public void rmsNorm() {
        device.kernels().rmsNorm(attended, query, norm, EPS, rows);
    }

    @Benchmark
    public void rope() {
        device.kernels().rope(query, angles, angles, headDim, rows);
    }

    @Benchmark
    public void swiGlu() {
        device.kernels().swiGlu(gate, up, rows);
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        device.close();
    }
}
