package io.caravan.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.kernels.scalar.Elements;
import io.caravan.proto.model.TensorType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class HostDeviceTest {

    @Test
    void shouldAllocateZeroedAlignedTensorsAndCountTheirBytes() {
        try (var device = HostDevice.open(KernelChoice.AUTO, 1)) {
            var tensor = device.allocate(TensorType.F32, 3, 5);
            assertThat(Samples.floats(tensor)).containsOnly(0f);
            assertThat(tensor.data().address() % 64).isZero();
            device.allocate(TensorType.F16, 2, 2);
            assertThat(device.allocatedBytes()).isEqualTo(60 + 8);
        }
    }

    @Test
    void shouldBringNumbersInAndOutInAnyPlainType() {
        try (var device = HostDevice.open(KernelChoice.SCALAR, 2)) {
            var count = 3 * 17_000;
            var tensor = Samples.random(device, TensorType.F32, 3, 17_000, 1);
            Elements.set(tensor, 5, Float.NaN);
            Elements.set(tensor, 6, 1 + 0x1p-8f); // in the middle: to even
            Elements.set(tensor, 7, 1 + 0x3p-8f);
            Elements.set(tensor, 8, Float.NEGATIVE_INFINITY);
            for (var type : Samples.PLAIN) {
                var expected = device.allocate(type, 3, 17_000);
                for (var i = 0; i < count; i++) {
                    Elements.set(expected, i, Elements.get(tensor, i));
                }
                var outside = MemorySegment.ofArray(new byte[(int) type.bytes(count)]);
                device.read(tensor, type, outside, count);
                assertThat(outside.mismatch(expected.data())).isEqualTo(-1);

                var back = device.allocate(TensorType.F32, 3, 17_000);
                device.write(back, type, outside, count);
                assertThat(Samples.floats(back)).containsExactly(Samples.floats(expected));
            }
            var bits = MemorySegment.ofArray(new byte[2 * count]);
            device.read(tensor, TensorType.BF16, bits, count);
            assertThat(bits.get(ValueLayout.JAVA_SHORT_UNALIGNED, 5 * Short.BYTES) & 0x7fc0)
                    .isEqualTo(0x7fc0);
            assertThat(bits.get(ValueLayout.JAVA_SHORT_UNALIGNED, 6 * Short.BYTES))
                    .isEqualTo((short) 0x3f80);
            assertThat(bits.get(ValueLayout.JAVA_SHORT_UNALIGNED, 7 * Short.BYTES))
                    .isEqualTo((short) 0x3f82);
            assertThat(bits.get(ValueLayout.JAVA_SHORT_UNALIGNED, 8 * Short.BYTES))
                    .isEqualTo((short) 0xff80);
        }
    }

    @Test
    void shouldUseWeightsWhereTheyAreUnlessItPacksThem() {
        try (var device = HostDevice.open(KernelChoice.VECTOR, 1);
                var packing = HostDevice.open(KernelChoice.NATIVE, 1);
                var arena = Arena.ofShared()) {
            var data = arena.allocate(64);
            assertThat(device.weights(TensorType.F32, 4, 4, data).data()).isSameAs(data);
            assertThat(device.allocatedBytes()).isZero();
            assertThat(packing.weights(TensorType.F32, 4, 4, data).packed()).isTrue();
            assertThat(packing.allocatedBytes())
                    .isEqualTo(packing.weights(TensorType.F32, 4, 4, data).byteSize());
            assertThat(packing.table(TensorType.F32, 4, 4, data).data()).isSameAs(data);
            var heap = MemorySegment.ofArray(new float[16]);
            assertThatThrownBy(() -> device.weights(TensorType.F32, 4, 4, heap))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("off-heap");
        }
    }

    @Test
    void shouldComputeForAThreadThatDidNotOpenIt() throws InterruptedException {
        try (var device = HostDevice.open(KernelChoice.AUTO, 2)) {
            var x = Samples.random(device, TensorType.F32, 3, 500, 1);
            var w = Samples.random(device, TensorType.F32, 700, 500, 2);
            var here = device.allocate(TensorType.F32, 3, 700);
            var there = device.allocate(TensorType.F32, 3, 700);
            device.kernels().matmul(here, x, w, 3);
            var failure = new AtomicReference<Throwable>();
            var thread = new Thread(() -> device.kernels().matmul(there, x, w, 3));
            thread.setUncaughtExceptionHandler((dead, e) -> failure.set(e));
            thread.start();
            thread.join();
            assertThat(failure.get()).isNull();
            assertThat(Samples.bits(there, 0, 3)).isEqualTo(Samples.bits(here, 0, 3));
        }
    }

    @Test
    void shouldRefuseShapesAndPlacesThatDoNotFit() {
        try (var device = HostDevice.open(KernelChoice.AUTO, 1);
                var other = HostDevice.open(KernelChoice.SCALAR, 1)) {
            var kernels = device.kernels();
            var x = device.allocate(TensorType.F32, 2, 8);
            var w = device.allocate(TensorType.BF16, 4, 8);
            var out = device.allocate(TensorType.F32, 2, 4);
            assertThatThrownBy(() -> kernels.matmul(out, x, w, 3)).hasMessageContaining("[>= 3, 4]");
            assertThatThrownBy(() -> kernels.matmul(x, out, w, 2)).hasMessageContaining("out must be F32");
            assertThatThrownBy(() -> kernels.matmul(out, x, other.allocate(TensorType.BF16, 4, 8), 2))
                    .hasMessageContaining("another device");
            assertThatThrownBy(() -> kernels.embed(x, w, new int[] {4}, 1)).hasMessageContaining("token id 4");
            assertThatThrownBy(() -> kernels.gatherRows(x, x, new int[] {2})).hasMessageContaining("row 2");
            var kv = new KvLayer(
                    device.allocate(TensorType.F16, 2 * 2 * 4, 4),
                    device.allocate(TensorType.F16, 2 * 2 * 4, 4),
                    4,
                    2,
                    4);
            var beyondTable = new PagedRows(new int[] {4}, new int[][] {{0}});
            assertThatThrownBy(() -> kernels.storeKv(kv, x, x, beyondTable)).hasMessageContaining("position 4");
            var beyondPool = new PagedRows(new int[] {5}, new int[][] {{0, 2}});
            assertThatThrownBy(() -> kernels.attention(x, x, kv, beyondPool)).hasMessageContaining("block 2");
        }
    }
}
