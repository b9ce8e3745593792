package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.model.LayerRange;
import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.Variations;
import io.caravan.proto.model.Variations.Multipliers;
import java.util.List;
import org.junit.jupiter.api.Test;

class LlamaTensorsTest {
    private static final LlamaTensors UNTIED = tensors(0);
    private static final LlamaTensors TIED = tensors(1);

    @Test
    void shouldNameOnlyItsOwnLayersInTheMiddle() {
        List<TensorSlot> slots = UNTIED.stage(new LayerRange(2, 4), false, false);
        assertThat(slots)
                .hasSize(18)
                .allSatisfy(slot -> assertThat(slot.name()).matches("model\\.layers\\.[23]\\..*\\.weight"))
                .contains(
                        TensorSlot.of("model.layers.3.self_attn.k_proj.weight", 16, 32),
                        TensorSlot.of("model.layers.3.self_attn.o_proj.weight", 32, 48),
                        TensorSlot.of("model.layers.3.mlp.down_proj.weight", 32, 64));
    }

    @Test
    void shouldAddEmbeddingAndHeadAtTheEnds() {
        assertThat(names(UNTIED, new LayerRange(0, 1), true, false))
                .contains("model.embed_tokens.weight")
                .doesNotContain("lm_head.weight");
        assertThat(names(UNTIED, new LayerRange(5, 6), false, true))
                .contains("model.norm.weight", "lm_head.weight")
                .doesNotContain("model.embed_tokens.weight");
    }

    @Test
    void shouldTakeATiedHeadFromTheEmbeddingOnce() {
        assertThat(names(TIED, new LayerRange(5, 6), false, true))
                .contains("model.embed_tokens.weight")
                .doesNotContain("lm_head.weight");
        assertThat(TIED.all()).hasSize(6 * 9 + 2);
    }

    @Test
    void shouldNameBiasesAndHeadNormsWhereTheModelHasThem() {
        var all = new Variations(true, true, true, true, 8, List.of(0), List.of(), Multipliers.ONE);
        var llama = new LlamaTensors(UNTIED.spec().withVariations(all));
        assertThat(llama.parts()).containsExactly(LlamaTensors.Part.values());
        assertThat(llama.all())
                .contains(
                        TensorSlot.of("model.layers.5.self_attn.q_proj.bias", 48),
                        TensorSlot.of("model.layers.5.self_attn.k_norm.weight", 8),
                        TensorSlot.of("model.layers.5.mlp.down_proj.bias", 32));
        assertThat(llama.all().stream().mapToLong(TensorSlot::elementCount).sum())
                .isEqualTo(llama.spec().parameterCount());
        assertThat(llama.hasInLayers("model.layers.5.self_attn.q_norm.weight")).isTrue();
        assertThat(UNTIED.hasInLayers("model.layers.5.self_attn.q_norm.weight")).isFalse();
    }

    private static List<String> names(LlamaTensors llama, LayerRange layers, boolean first, boolean last) {
        return llama.stage(layers, first, last).stream().map(TensorSlot::name).toList();
    }

    private static LlamaTensors tensors(int tied) {
        ModelSpec spec =
                ModelShape.parse("dim=32,layers=6,heads=6,kv=2,head=8,ffn=64,vocab=100,tied=" + tied, TensorType.F32);
        return new LlamaTensors(spec);
    }
}
