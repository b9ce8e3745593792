package io.caravan.cli.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.caravan.proto.actor.AnswerSetting;
import java.util.List;
import org.junit.jupiter.api.Test;

class SettingsCheckTest {
    @Test
    void shouldNameEachSettingThatDiffersWithBothValues() {
        var here = List.of(
                new AnswerSetting("quantize", "q8_0"),
                new AnswerSetting("wire", "bf16"),
                new AnswerSetting("stages", "2"));
        var there = List.of(new AnswerSetting("wire", "bf16"), new AnswerSetting("quantize", "none"));

        assertThat(SettingsCheck.differences(here, there))
                .isEqualTo("quantize is q8_0 here and none there; stages is 2 here and not set there");
        assertThat(SettingsCheck.differences(here, here)).isEmpty();
    }
}
