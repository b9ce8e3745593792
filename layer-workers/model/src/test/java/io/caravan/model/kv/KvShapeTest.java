package io.caravan.model.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.model.TestSpecs;
import io.caravan.proto.model.TensorType;
import org.junit.jupiter.api.Test;

class KvShapeTest {

    @Test
    void shouldCountKeysAndValuesOfAllLayers() {
        // 5 blocks of 16 tokens, 3 layers, keys and values of 2 heads of 8, 2 bytes each
        assertThat(new KvShape(5, 16, TensorType.F16).bytes(TestSpecs.small(100, false), 3))
                .isEqualTo(5L * 16 * 3 * 2 * 2 * 8 * 2);
    }

    @Test
    void shouldCountWholeQuantisationBlocksForEachHead() {
        // heads of 8 take a block of 34 bytes each
        assertThat(new KvShape(5, 16, TensorType.Q8_0).bytes(TestSpecs.small(100, false), 3))
                .isEqualTo(5L * 16 * 3 * 2 * 2 * 34);
    }

    @Test
    void shouldRefuseTypesThatNoKernelKeeps() {
        assertThatThrownBy(() -> new KvShape(1, 1, TensorType.BF16)).hasMessageContaining("F16, F32 or Q8_0, not BF16");
        assertThatThrownBy(() -> new KvShape(0, 16, TensorType.F16)).hasMessageContaining("at least one block");
    }
}
