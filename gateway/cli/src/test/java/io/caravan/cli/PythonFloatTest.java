package io.caravan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PythonFloatTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0.0",
        "-0.0, -0.0",
        "1, 1.0",
        "-2.5, -2.5",
        "0.1, 0.1",
        "0.0001, 0.0001",
        "0.00001, 1e-05",
        "0.000012345, 1.2345e-05",
        "1e15, 1000000000000000.0",
        "1e16, 1e+16",
        "-1.5e300, -1.5e+300",
        "123456.789, 123456.789",
        "NaN, nan",
        "-Infinity, -inf"
    })
    void shouldWriteNumbersAsPythonDoes(double value, String text) {
        assertThat(PythonFloat.repr(value)).isEqualTo(text);
    }
}
