package io.caravan.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.model.LayerRange;
import org.junit.jupiter.api.Test;

class StageTensorsTest {

    @Test
    void shouldNameOnlyItsOwnLayersInTheMiddle() {
        var tensors = StageTensors.of(TestSpecs.small(100, false), new LayerRange(2, 4), false, false);

        assertThat(tensors)
                .hasSize(18)
                .allSatisfy((name, shape) -> assertThat(name).matches("model\\.layers\\.[23]\\..*\\.weight"));
        assertThat(tensors.get("model.layers.3.self_attn.k_proj.weight")).containsExactly(16, 32);
        assertThat(tensors.get("model.layers.3.self_attn.o_proj.weight")).containsExactly(32, 48);
        assertThat(tensors.get("model.layers.3.mlp.down_proj.weight")).containsExactly(32, 64);
    }

    @Test
    void shouldAddEmbeddingAndHeadAtTheEnds() {
        assertThat(StageTensors.of(TestSpecs.small(100, false), new LayerRange(0, 1), true, false))
                .containsKey("model.embed_tokens.weight")
                .doesNotContainKey("lm_head.weight");
        assertThat(StageTensors.of(TestSpecs.small(100, false), new LayerRange(5, 6), false, true))
                .containsKeys("model.norm.weight", "lm_head.weight")
                .doesNotContainKey("model.embed_tokens.weight");
    }

    @Test
    void shouldTakeATiedHeadFromTheEmbeddingOnce() {
        assertThat(StageTensors.of(TestSpecs.small(100, true), new LayerRange(5, 6), false, true))
                .containsKey("model.embed_tokens.weight")
                .doesNotContainKey("lm_head.weight");
        assertThat(StageTensors.of(TestSpecs.small(100, true), new LayerRange(0, 6), true, true))
                .hasSize(6 * 9 + 2);
    }
}
