package io.caravan.formats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.caravan.proto.model.ModelSpec;
import io.caravan.proto.model.RopeScaling;
import io.caravan.proto.model.TensorType;
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
                "'rope_theta': 5e5, 'rope_scaling': {'rope_type': 'linear', 'factor': 4}, "
                        + "'rope_parameters': {'rope_type': 'linear', 'factor': 4.0, 'rope_theta': 5e5}",
            })
    void shouldReadRotaryScalingInEveryFormThatFoldersCarry(String rope) throws IOException {
        ModelSpec spec = read("{'model_type': 'llama', " + rope + "}");
        assertThat(spec.ropeTheta()).isEqualTo(500000);
        assertThat(spec.ropeScaling()).isEqualTo(new RopeScaling.Linear(4));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'model_type': 'llama', 'eos_token_id': [5, 6]} | {'eos_token_id': [6, 7]} | 5,6,7",
                "{'model_type': 'llama', 'eos_token_id': 5} | {} | 5",
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
                "'model_type': 'qwen2' | model_type qwen2 is not supported; model_type llama and mistral",
                "'architectures': ['MixtralForCausalLM'] | architecture MixtralForCausalLM is not supported",
                "'hidden_act': 'gelu' | hidden_act gelu is not supported; silu is",
                "'attention_bias': true | attention_bias true is not supported",
                "'mlp_bias': true | mlp_bias true is not supported",
                "'sliding_window': 1024 | sliding_window 1024 below max_position_embeddings 2048 is not supported",
                "'quantization_config': {'quant_method': 'gptq'} | quantization_config (gptq) is not supported",
                "'partial_rotary_factor': 0.5 | partial_rotary_factor other than 1 is not supported",
                "'rope_scaling': {'type': 'dynamic', 'factor': 2} | rope type dynamic is not supported",
                "'rope_scaling': {'rope_type': 'yarn', 'factor': 2} | rope type yarn is not supported; default, linear",
                "'rope_parameters': {'rope_type': 'longrope'} | rope type longrope is not supported",
                "'rope_parameters': {'partial_rotary_factor': 0.5} | rope_parameters.partial_rotary_factor other than 1",
                "'rope_parameters': {'sliding_attention': {}} | rope_parameters.sliding_attention is not supported",
                "'rope_theta': 5e5, 'rope_parameters': {'rope_theta': 1e4} | rope_parameters contradicts",
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
                "'eos_token_id': '</s>' | \"eos_token_id\" must be an integer below 2^31, not \"</s>\"",
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
    void shouldKnowThatMistralHasASlidingWindowUnlessItSaysOtherwise() {
        assertThatThrownBy(() -> read("{'model_type': 'mistral', 'max_position_embeddings': 32768}"))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageContainingAll("sliding_window 4096", "32768", "set sliding_window to null");
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
