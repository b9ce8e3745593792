package io.caravan.cli;

import java.math.BigDecimal;

/** Writes numbers as Python's {@code repr(float)} does, so that files compare line by line. */
public final class PythonFloat {
    /** Python writes an exponent below 1e-4 and from 1e16 on. */
    private static final int LOWEST_PLAIN_EXPONENT = -4;

    private static final int HIGHEST_PLAIN_EXPONENT = 15;

    private PythonFloat() {}

    /** The shortest decimal that reads back as {@code value}. */
    public static String repr(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        // Double.toString gives the shortest digits too; only the layout differs.
        var decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        String digits = decimal.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - decimal.scale();
        String sign = value < 0 ? "-" : "";
        return sign
                + (exponent < LOWEST_PLAIN_EXPONENT || exponent > HIGHEST_PLAIN_EXPONENT
                        ? scientific(digits, exponent)
                        : plain(decimal.abs()));
    }

    private static String plain(BigDecimal value) {
        String text = value.toPlainString();
        return text.indexOf('.') < 0 ? text + ".0" : text;
    }

    private static String scientific(String digits, int exponent) {
        String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
        return "%c%se%s%02d".formatted(digits.charAt(0), fraction, exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
}
