package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
import io.caravan.proto.model.Variations;
import io.caravan.proto.sequence.TokenIds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {
    @TempDir
    Path folder;

    @Test
    void shouldUseTheDefaultsOfLlamaConfig() throws IOException {
        ModelSpec spec = read("{'model_type': 'llama'}");
        assertThat(spec)
                .isEqualTo(new ModelSpec(
                        folder.getFileName().toString(),
                        4096,
                        11008,
                        32,
                        32,
                        32,
                        128,
                        32000,
                        2048,
                        1e-6f,
                        10000,
                        new RopeScaling.None(),
                        false,
                        TokenIds.of(2),
                        TensorType.F32));
    }

    @Test
    void shouldUseTheDefaultsOfMistralConfig() throws IOException {
        ModelSpec spec = read("{'model_type': 'mistral', 'sliding_window': null}");
        assertThat(spec.intermediateSize()).isEqualTo(14336);
        assertThat(spec.kvHeadCount()).isEqualTo(8);
        assertThat(spec.maxPositions()).isEqualTo(131072);
        assertThat(read("{'model_type': 'mistral', 'num_key_value_heads': null, 'sliding_window': null}")
                        .kvHeadCount())
                .isEqualTo(32);
    }

    @Test
    void shouldReadMultiQueryAttentionAndAnExplicitHeadDimension() throws IOException {
        ModelSpec spec = read("{'model_type': 'llama', 'num_key_value_heads': 1, 'head_dim': 96, 'dtype': 'bfloat16'}");
        assertThat(spec.kvWidth()).isEqualTo(96);
        assertThat(spec.queryWidth()).isEqualTo(32 * 96);
        assertThat(spec.weightType()).isEqualTo(TensorType.BF16);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'rope_theta': 5e5, 'rope_scaling': {'type': 'linear', 'factor': 4}",
                "'rope_parameters': {'rope_type': 'linear', 'factor': 4.0, 'rope_theta': 500000}",
                "'rope_theta': 5e5, 'rope_parameters': {'rope_type': 'linear', 'factor': 4.0}",
                "'rope_parameters': {'full_attention': {'rope_type': 'linear', 'factor': 4, 'rope_theta': 5e5}}",
                "'rope_parameters': {'full_attention': {'rope_type': 'linear', 'factor': 4, 'rope_theta': 5e5}, "
                        + "'sliding_attention': {'rope_type': 'linear', 'factor': 4, 'rope_theta': 5e5}}",
                "'rope_scaling': {'rope_type': 'linear', 'factor': 4, 'rope_theta': 5e5}",
                "'rope_scaling': {'type': 'linear', 'rope_type': 'linear', 'factor': 4}, 'rope_theta': 5e5, "
                        + "'rotary_emb_base': 500000, 'rotary_pct': 1.0, 'rope_interleaved': false, 'rope_base': null",
                "'rope_theta': 5e5, 'rope_scaling': {'rope_type': 'linear', 'factor': 4}, "
                        + "'rope_parameters': {'rope_type': 'linear', 'factor': 4.0, 'rope_theta': 5e5}",
            })
    void shouldReadRotaryScalingInEveryFormThatFoldersCarry(String rope) throws IOException {
        ModelSpec spec = read("{'model_type': 'llama', " + rope + "}");
        assertThat(spec.ropeTheta()).isEqualTo(500000);
        assertThat(spec.ropeScaling()).isEqualTo(new RopeScaling.Linear(4));
    }

    @Test
    void shouldServeTheContextThatTheScalingStretchesTo() throws IOException {
        String yarn = "{'type': 'yarn', 'factor': 4.0, 'original_max_position_embeddings': 32768}";
        ModelSpec qwen = read("{'model_type': 'qwen2', 'rope_theta': 1e6, 'rope_scaling': " + yarn + "}");
        assertThat(qwen.maxPositions()).isEqualTo(131072);
        assertThat(qwen.ropeScaling()).isEqualTo(new RopeScaling.Yarn(4, 32768, 0.1 * Math.log(4) + 1, 32, 1, true));
        assertThat(read("{'model_type': 'qwen3', 'max_position_embeddings': 40960, 'rope_scaling': " + yarn + "}")
                        .maxPositions())
                .isEqualTo(131072);
        ModelSpec dynamic = read("{'model_type': 'llama', 'rope_scaling': {'type': 'dynamic', 'factor': 2.5}}");
        assertThat(dynamic.maxPositions()).isEqualTo(5120);
        assertThat(dynamic.ropeScaling()).isEqualTo(new RopeScaling.Dynamic(2.5, 2048));
        assertThat(read("{'model_type': 'llama', 'rope_scaling': {'type': 'linear', 'factor': 4}}")
                        .maxPositions())
                .isEqualTo(2048);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'model_type': 'llama', 'eos_token_id': [5, 6]} | {'eos_token_id': [6, 7]} | 5,6,7",
                "{'model_type': 'llama', 'eos_token_id': 5} | {} | 5",
                "{'model_type': 'llama', 'eos_token_id': ['</s>', 5]} | {'eos_token_id': {'content': '</s>'}} | 5",
                "{'model_type': 'llama', 'eos_token_id': '</s>'} | {} | ``",
                "{'model_type': 'llama'} | {'eos_token_id': 9} | 9",
                "{'model_type': 'llama', 'eos_token_id': null} | {} | ``",
                "{'model_type': 'llama'} | {} | 2",
            })
    void shouldMergeEndTokensOfBothFiles(String config, String generation, String ids) throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), generation.replace('\'', '"'));
        assertThat(read(config).eosTokenIds()).hasToString(ids);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'model_type': 'gemma2' | model_type gemma2 is not supported; model_type llama, mistral, qwen2, qwen3, smollm3",
                "'architectures': ['MixtralForCausalLM'] | architecture MixtralForCausalLM is not supported",
                "'hidden_act': 'gelu' | hidden_act gelu is not supported; silu is",
                "'model_type': 'mistral', 'attention_bias': true | attention_bias true is not supported",
                "'model_type': 'qwen3', 'mlp_bias': true | mlp_bias true is not supported; of the model_type qwen3",
                "'model_type': 'qwen2', 'use_mrope': true | use_mrope true is not supported",
                "'model_type': 'qwen3', 'use_sliding_window': true, 'layer_types': [] | \"layer_types\" must be a list of 32",
                "'model_type': 'mistral', 'sliding_window': 0 | \"sliding_window\" must be at least 1, not 0",
                "'model_type': 'smollm3', 'no_rope_layers': [1, 0] | \"no_rope_layers\" must be a list of 36 numbers",
                "'model_type': 'smollm3', 'no_rope_layer_interval': 0 | \"no_rope_layer_interval\" must be at least 1",
                "'model_type': 'smollm3', 'num_hidden_layers': 2000000000 | \"num_hidden_layers\" must be at most 10000",
                "'model_type': 'granite', 'logits_scaling': 0 | \"logits_scaling\" must be positive, not 0",
                "'sliding_window': 1024 | sliding_window 1024 below max_position_embeddings 2048 is not supported",
                "'hidden_activation': 'gelu_pytorch_tanh' | hidden_activation gelu_pytorch_tanh is not supported; silu is",
                "'quantization': {'group_size': 64, 'bits': 4} | quantization (of an unnamed method) is not supported",
                "'final_logit_softcapping': 30.0 | final_logit_softcapping is not supported; of the model_type llama",
                "'attn_logit_softcapping': 50.0 | attn_logit_softcapping is not supported",
                "'logits_scaling': 8 | logits_scaling is not supported",
                "'model_type': 'qwen3', 'attention_multiplier': 0.5 | attention_multiplier is not supported",
                "'model_type': 'granite', 'logit_scale': 0.5 | logit_scale is not supported; of the model_type granite",
                "'use_qk_norm': true | use_qk_norm is not supported",
                "'num_local_experts': 8 | num_local_experts is not supported",
                "'layer_norm_eps': 1e-5 | layer_norm_eps is not supported; the model_type llama has rms_norm_eps",
                "'n_head': 16 | n_head is not supported; the model_type llama has num_attention_heads",
                "'window_size': 512 | window_size is not supported; the model_type llama has sliding_window",
                "'layer_types': ['sliding_attention'] | layer_types sliding_attention without a sliding_window in use",
                "'model_type': 'qwen3', 'sliding_window': 64, 'layer_types': ['sliding_attention'] | without a sliding_window in",
                "'model_type': 'mistral', 'layer_types': ['sliding_attention', 'full_attention'] | one for all layers is",
                "'model_type': 'mistral', 'layer_types': ['full_attention'] | one for all layers is",
                "'quantization_config': {'quant_method': 'gptq'} | quantization_config (gptq) is not supported",
                "'quantization_config': {'quant_method': 'awq', 'bits': 4} | quantization_config (awq) is not supported",
                "'quantization_config': {'quant_method': 'fp8'} | quantization_config (fp8) is not supported",
                "'partial_rotary_factor': 0.5 | partial_rotary_factor other than 1 is not supported",
                "'rope_parameters': {'rope_type': 'longrope'} | rope type longrope is not supported; default, linear, llama3",
                "'rope_scaling': {'type': 'su', 'long_factor': [1]} | rope type su is not supported",
                "'rope_scaling': {'type': 'mrope', 'mrope_section': [16, 24, 24]} | rope type mrope is not supported",
                "'rope_scaling': {'type': 'mrope', 'rope_type': 'default'} | rope_type default and type mrope contradict",
                "'rope_scaling': {'factor': 2} | rope_scaling.factor of rope type default is not supported",
                "'rope_scaling': {'type': 'default', 'mrope_section': [8]} | rope_scaling.mrope_section of rope type default",
                "'rope_scaling': {'type': 'dynamic', 'factor': 2, 'alpha': 8} | rope_scaling.alpha of rope type dynamic",
                "'rope_scaling': {'type': 'dynamic', 'factor': 2, 'original_max_position_embeddings': 1024} "
                        + "| of a dynamic type other than max_position_embeddings, which is 2048 is not supported",
                "'rope_scaling': {'type': 'yarn', 'factor': 2, 'attn_factor': 0.7} | rope_scaling.attn_factor of rope type yarn",
                "'rope_scaling': {'type': 'yarn'} | lacks \"rope_scaling.factor\", which must be a number",
                "'rope_scaling': {'type': 'yarn', 'factor': 2, 'beta_fast': 1, 'beta_slow': 2} | 0 < beta_slow < beta_fast",
                "'rope_scaling': {'type': 'yarn', 'factor': 2, 'attention_factor': 0} | attention_factor > 0",
                "'original_max_position_embeddings': 64, 'rope_scaling': {'type': 'yarn', 'factor': 2, "
                        + "'original_max_position_embeddings': 32} | contradict each other",
                "'head_dim': 2, 'rope_scaling': {'type': 'dynamic', 'factor': 2} | no base that could grow",
                "'rope_base': 5e5 | rope_base is not supported; rope_theta, rope_scaling and rope_parameters are",
                "'rotary_emb_base': 1000000 | rotary_emb_base is not supported; rope_theta",
                "'rotary_base': 1000000 | rotary_base is not supported; rope_theta",
                "'rope_theta': 1e4, 'rotary_emb_base': 1e6 | rotary_emb_base is not supported",
                "'rope_ratio': 8 | rope_ratio is not supported",
                "'rope_local_base_freq': 1e6 | rope_local_base_freq is not supported",
                "'rotary_pct': 0.25 | rotary_pct is not supported",
                "'rope_interleaved': true | rope_interleaved is not supported",
                "'use_dynamic_ntk': true | use_dynamic_ntk is not supported",
                "'alibi': true | alibi is not supported",
                "'rope_scaling': {'rope_type': 'default', 'rope_base': 5e5} | rope_scaling.rope_base of rope type default",
                "'rope_parameters': {'partial_rotary_factor': 0.5} | rope_parameters.partial_rotary_factor other than 1",
                "'rope_parameters': {'sliding_attention': {}, 'full_attention': {'rope_type': 'yarn', 'factor': 2}} "
                        + "| rope_parameters.sliding_attention and rope_parameters.full_attention contradict each other",
                "'rope_parameters': {'sliding_attention': {'rope_theta': 1e4}, 'full_attention': {'rope_theta': 1e6}} "
                        + "| rope_theta is given as [10000.0, 1000000.0] in different places",
                "'rope_parameters': {'chunked_attention': {}} | rope_parameters.chunked_attention is not supported",
                "'rope_theta': 5e5, 'rope_parameters': {'rope_theta': 1e4} | rope_theta is given as [10000.0, 500000.0]",
                "'rope_theta': 5e5, 'rope_scaling': {'rope_theta': 1e4} | rope_theta is given as [10000.0, 500000.0]",
                "'rope_scaling': {'type': 'linear', 'factor': 2}, 'rope_parameters': {'type': 'linear', 'factor': 4} "
                        + "| rope_scaling and rope_parameters contradict each other; keep one",
                "'rope_scaling': {'type': 'linear'} | lacks \"rope_scaling.factor\", which must be a number",
                "'rope_scaling': {'rope_type': 'llama3', 'factor': 8, 'low_freq_factor': 4, 'high_freq_factor': 1, "
                        + "'original_max_position_embeddings': 8192} | 0 < low_freq_factor < high_freq_factor",
                "'hidden_size': '4096' | \"hidden_size\" must be an integer below 2^31, not \"4096\"",
                "'hidden_size': 4096.5 | \"hidden_size\" must be an integer below 2^31, not 4096.5",
                "'hidden_size': 99999999999 | \"hidden_size\" must be an integer below 2^31, not 99999999999",
                "'hidden_size': -4 | hidden_size must be at least 1, not -4",
                "'hidden_size': 100 | hidden_size (100) must be a multiple of num_attention_heads (32)",
                "'num_attention_heads': 0 | num_attention_heads must be at least 1, not 0",
                "'num_key_value_heads': 5 | must be a multiple of num_key_value_heads (5)",
                "'head_dim': 3 | head_dim must be even",
                "'num_attention_heads': 65536, 'num_key_value_heads': 1, 'head_dim': 65536 | is beyond 2^31",
                "'rms_norm_eps': '1e-6' | \"rms_norm_eps\" must be a finite number, not \"1e-6\"",
                "'rope_theta': 1e999 | \"rope_theta\" must be a finite number",
                "'tie_word_embeddings': 'yes' | \"tie_word_embeddings\" must be true or false, not \"yes\"",
                "'rope_scaling': 4 | \"rope_scaling\" must be an object, not 4",
                "'architectures': 'LlamaForCausalLM' | \"architectures\" must be a list of strings",
                "'eos_token_id': true | \"eos_token_id\" must be an integer below 2^31, not true",
                "'eos_token_id': [-1] | \"eos_token_id\" must be a token id or a list of them, each at least 0",
                "'vocab_size': 1, 'vocab_size': 2 | is not valid JSON: Duplicate field 'vocab_size'",
                "'vocab_size': | is not valid JSON",
            })
    void shouldRefuseByNameAndSayWhatWouldBeRight(String fields, String message) {
        String type = fields.contains("'model_type'") ? "" : "'model_type': 'llama', ";
        assertThatThrownBy(() -> read("{" + type + fields + "}"))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll("config.json", message);
    }

    @Test
    void shouldKnowThatMistralHasASlidingWindowUnlessItSaysOtherwise() throws IOException {
        Variations silent = read("{'model_type': 'mistral'}").variations();
        assertThat(silent.windowOf(0)).isEqualTo(4096);
        assertThat(silent.windowOf(31)).isEqualTo(4096);
        assertThat(read("{'model_type': 'mistral', 'sliding_window': null}").variations())
                .isEqualTo(Variations.NONE);
        assertThat(read("{'model_type': 'mistral', 'sliding_window': 64, 'max_position_embeddings': 64}")
                        .variations())
                .isEqualTo(Variations.NONE);
    }

    @Test
    void shouldReadWhichLayersOfQwenHaveAWindow() throws IOException {
        String used = "'use_sliding_window': true, 'sliding_window': 100, 'num_hidden_layers': 3";
        Variations byCount = read("{'model_type': 'qwen2', 'max_window_layers': 2, " + used + "}")
                .variations();
        assertThat(byCount.windowedLayers()).containsExactly(2);
        assertThat(byCount.windowOf(1)).isEqualTo(Variations.UNLIMITED);
        assertThat(byCount.queryKeyValueBias()).isTrue();
        assertThat(byCount.attentionOutputBias()).isFalse();
        String types = "'layer_types': ['sliding_attention', 'full_attention', 'sliding_attention']";
        assertThat(read("{'model_type': 'qwen3', " + types + ", " + used + "}")
                        .variations()
                        .windowedLayers())
                .containsExactly(0, 2);
        ModelSpec unused = read("{'model_type': 'qwen3', 'sliding_window': 100}");
        assertThat(unused.variations().windowedLayers()).isEmpty();
        assertThat(unused.variations().queryKeyNorm()).isTrue();
        assertThat(unused.headDim()).isEqualTo(128);
        assertThat(unused.eosTokenIds().isEmpty()).isTrue();
    }

    @Test
    void shouldReadLayersWithoutRotation() throws IOException {
        ModelSpec spec = read("{'model_type': 'smollm3', 'num_hidden_layers': 9}");
        assertThat(spec.variations().unrotatedLayers()).containsExactly(3, 7);
        assertThat(spec.ropeTheta()).isEqualTo(2000000);
        assertThat(spec.tiedEmbeddings()).isTrue();
        Variations listed = read("{'model_type': 'smollm3', 'num_hidden_layers': 3, 'no_rope_layers': [0, 1, 1, 0]}")
                .variations();
        assertThat(listed.unrotatedLayers()).containsExactly(0);
        assertThat(listed.rotates(1)).isTrue();
    }

    @Test
    void shouldPassOverForeignFieldsThatChangeNothing() throws IOException {
        assertThat(read("{'model_type': 'llama', 'final_logit_softcapping': null, 'logit_scale': 1.0, 'num_experts': 0,"
                                + " 'qk_layernorm': false, 'rms_norm_eps': 1e-6, 'layer_norm_eps': 1e-5,"
                                + " 'layer_types': ['full_attention'], 'hidden_activation': null}")
                        .variations())
                .isEqualTo(Variations.NONE);
    }

    @Test
    void shouldReadBiasesAndMultipliers() throws IOException {
        Variations biased = read("{'model_type': 'llama', 'attention_bias': true, 'mlp_bias': true}")
                .variations();
        assertThat(biased.queryKeyValueBias()).isTrue();
        assertThat(biased.attentionOutputBias()).isTrue();
        assertThat(biased.feedForwardBias()).isTrue();
        ModelSpec granite = read("{'model_type': 'granite', 'embedding_multiplier': 12, 'residual_multiplier': 0.22,"
                + " 'attention_multiplier': 0.0078125, 'logits_scaling': 16}");
        assertThat(granite.attentionScale()).isCloseTo(0.0078125, within(1e-15));
        assertThat(granite.variations().multipliers().logits()).isEqualTo(1 / 16.0);
        assertThat(granite.variations().multipliers().residual()).isEqualTo(0.22);
        assertThat(read("{'model_type': 'granite'}").attentionScale()).isCloseTo(1, within(1e-15));
    }

    @Test
    void shouldRefuseAConfigurationThatIsMissingOrNoObject() {
        assertThatThrownBy(() -> ModelConfig.read(folder)).hasMessageContaining("has no config.json");
        assertThatThrownBy(() -> read("[1]")).hasMessageContaining("must hold a JSON object, not [1]");
        assertThatThrownBy(() -> read("")).hasMessageContaining("must hold a JSON object, not nothing");
        assertThatThrownBy(() -> read("{}")).hasMessageContaining("lacks \"model_type\", which must be a string");
    }

    @Test
    void shouldNameAModelAfterItsFolderOrItsRepositoryInTheCache() {
        assertThat(ModelNames.of(Path.of("/models/llama-7b/"))).isEqualTo("llama-7b");
        assertThat(ModelNames.of(Path.of("/hub/models--meta-llama--Llama-3.2-1B/snapshots/0a1b")))
                .isEqualTo("meta-llama/Llama-3.2-1B");
        assertThat(ModelNames.of(Path.of("/"))).isEqualTo("model");
    }

    private ModelSpec read(String json) throws IOException {
        Files.writeString(folder.resolve("config.json"), json.replace('\'', '"'));
        return ModelConfig.read(folder);
    }
}
