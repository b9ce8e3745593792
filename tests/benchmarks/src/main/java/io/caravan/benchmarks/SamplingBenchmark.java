package io.caravan.benchmarks;

import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.model.sampling.Sampler;
import io.caravan.proto.sequence.Sampling;
import io.caravan.proto.sequence.TokenChoice;
import io.caravan.proto.sequence.TokenIds;
import io.caravan.proto.step.SequenceSlice.Choice;
import java.util.Map;
import java.util.Random;
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

/** Choosing one token from the logits of a large vocabulary. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SamplingBenchmark {
    private static final int ROWS = 16;

    /** What is asked for besides a temperature of 1. */
    public enum Wish {
        GREEDY(0, 0, 1, 0, -1),
        PLAIN(1, 0, 1, 0, -1),
        TOP_K(1, 40, 1, 0, -1),
        LARGE_TOP_K(1, 50_000, 0.9f, 0, -1),
        TOP_P(1, 0, 0.9f, 0, -1),
        HOT(2, 0, 0.99f, 0, -1),
        MIN_P(1, 0, 1, 0.05f, -1),
        ALL(1, 1000, 0.95f, 0.01f, 20);

        private final Sampling sampling;

        Wish(float temperature, int topK, float topP, float minP, int topLogprobs) {
            sampling = new Sampling(temperature, topK, topP, minP, 1, 0, 0, 1, topLogprobs, Map.of());
        }
    }

    @Param("128256")
    int vocab;

    /** How far logits lie apart: little where the distribution is flat. */
    @Param({"1", "8"})
    double spread;

    @Param
    Wish wish;

    @Param("AUTO")
    KernelChoice kernels;

    private HostDevice device;
    private Sampler sampler;
    private final float[][] logits = new float[ROWS][];
    private int next;

    /** Fills the logits. */
    @Setup(Level.Trial)
    public void open() {
        device = HostDevice.open(kernels, 1);
        sampler = new Sampler(vocab, device.logits());
        var random = new Random(1);
        for (var row = 0; row < ROWS; row++) {
            logits[row] = new float[vocab];
            for (var id = 0; id < vocab; id++) {
                logits[row][id] = (float) (random.nextGaussian() * spread);
            }
        }
    }

    /** One row of a batch. */
    @Benchmark
    public TokenChoice choose() {
        next = (next + 1) % ROWS;
        return sampler.choose(logits[next], next, new Choice(wish.sampling, TokenIds.EMPTY, 0, false));
    }

    /** Gives the memory back. */
    @TearDown(Level.Trial)
    public void close() {
        device.close();
    }
}
