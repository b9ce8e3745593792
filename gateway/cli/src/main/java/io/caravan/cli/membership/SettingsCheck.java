package io.caravan.cli.membership;

import io.caravan.proto.actor.AnswerSetting;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Compares the settings on which answers depend. */
final class SettingsCheck {
    private SettingsCheck() {}

    /** Each that differs, with both values; empty where none does. */
    static String differences(List<AnswerSetting> here, List<AnswerSetting> there) {
        return Stream.concat(
                        here.stream().map(AnswerSetting::name), there.stream().map(AnswerSetting::name))
                .distinct()
                .filter(name -> !value(here, name).equals(value(there, name)))
                .map(name -> name + " is " + value(here, name) + " here and " + value(there, name) + " there")
                .collect(Collectors.joining("; "));
    }

    private static String value(List<AnswerSetting> settings, String name) {
        return settings.stream()
                .filter(setting -> setting.name().equals(name))
                .map(AnswerSetting::value)
                .findFirst()
                .orElse("not set");
    }
}
