package io.caravan.scheduler.actor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.caravan.proto.model.Precision;
import io.caravan.proto.model.TensorType;
import io.caravan.scheduler.engine.EngineLimits;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PipelineSettingsTest {
    private static PipelineSettings settings(String overrides) {
        return PipelineSettings.from(ConfigFactory.parseString("caravan.version = \"7\"\n" + overrides)
                .withFallback(ConfigFactory.parseResources("reference.conf"))
                .withFallback(ConfigFactory.load()));
    }

    @Test
    void shouldKeepItsDefaults() {
        assertThat(settings(""))
                .isEqualTo(new PipelineSettings(
                        "main",
                        "7",
                        0,
                        1,
                        16,
                        Precision.usual(TensorType.F16),
                        2048,
                        0,
                        new EngineLimits(1024, 256, 512, 128, 1, 1024, 262_144),
                        new SpeculativeSettings(SpeculativeSettings.Source.OFF, 8, 16, "", 1, 8192),
                        Duration.ofSeconds(60),
                        2,
                        Duration.ofSeconds(10),
                        Duration.ofMillis(500),
                        Duration.ofSeconds(60),
                        Duration.ofMillis(300),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(30),
                        8192,
                        512,
                        "backoff"));
    }

    @Test
    void shouldRefuseAKvTypeThatIsNone() {
        assertThatThrownBy(() -> settings("caravan.pipeline.kv.type = q4"))
                .hasMessageContaining("must be f16, f32 or q8_0, not q4");
    }

    @Test
    void shouldKnowHowHiddenStatesTravel() {
        assertThat(settings("caravan.pipeline.wire = BF16").precision().wire()).isEqualTo(TensorType.BF16);
        assertThatThrownBy(() -> settings("caravan.pipeline.wire = q8_0"))
                .hasMessageContaining("must be f32, bf16 or f16, not q8_0");
    }

    @Test
    void shouldKnowWhereGuessesComeFrom() {
        assertThat(settings("caravan.scheduler.speculative.drafter = prompt-lookup")
                        .speculative()
                        .source())
                .isEqualTo(SpeculativeSettings.Source.PROMPT_LOOKUP);
        assertThatThrownBy(() -> settings("caravan.scheduler.speculative.drafter = ngram"))
                .hasMessageContaining("must be one of auto, off, prompt-lookup, draft, not ngram");
    }

    @Test
    void shouldGuessWithAModelWhereOneIsNamed() {
        String named = "caravan.scheduler.speculative.model = small";
        assertThat(settings(named).speculative().source()).isEqualTo(SpeculativeSettings.Source.DRAFT);
        assertThat(settings(named + "\ncaravan.scheduler.speculative.drafter = off")
                        .speculative()
                        .source())
                .isEqualTo(SpeculativeSettings.Source.OFF);
        assertThatThrownBy(() -> settings(named + "\ncaravan.scheduler.speculative.drafter = prompt-lookup"))
                .hasMessageContaining("guesses without one")
                .hasMessageContaining("--speculative draft");
    }

    @Test
    void shouldRefuseToGuessWithAModelThatNobodyNamed() {
        assertThatThrownBy(() -> settings("caravan.scheduler.speculative.drafter = draft"))
                .hasMessageContaining("needs a model");
    }

    @Test
    void shouldRefuseNoRowsAtAll() {
        assertThatThrownBy(() -> settings("caravan.scheduler.token-budget = 0"))
                .hasMessageContaining("token-budget must be at least 1");
    }
}
