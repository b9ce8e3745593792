package io.caravan.formats.gguf;

import io.caravan.proto.model.TensorType;
import java.util.List;
import java.util.Optional;

/** How GGUF numbers the types of tensors. */
final class GgmlTypes {
    /** By number; a type that is gone from the format, or never was, has an empty name. */
    private static final List<String> NAMES = List.of(
            "F32",
            "F16",
            "Q4_0",
            "Q4_1",
            "Q4_2",
            "Q4_3",
            "Q5_0",
            "Q5_1",
            "Q8_0",
            "Q8_1",
            "Q2_K",
            "Q3_K",
            "Q4_K",
            "Q5_K",
            "Q6_K",
            "Q8_K",
            "IQ2_XXS",
            "IQ2_XS",
            "IQ3_XXS",
            "IQ1_S",
            "IQ4_NL",
            "IQ3_S",
            "IQ2_S",
            "IQ4_XS",
            "I8",
            "I16",
            "I32",
            "I64",
            "F64",
            "IQ1_M",
            "BF16",
            "Q4_0_4_4",
            "Q4_0_4_8",
            "Q4_0_8_8",
            "TQ1_0",
            "TQ2_0",
            "IQ4_NL_4_4",
            "IQ4_NL_4_8",
            "IQ4_NL_8_8",
            "MXFP4",
            "NVFP4");

    private GgmlTypes() {}

    static String name(int number) {
        return number >= 0 && number < NAMES.size() ? NAMES.get(number) : "type " + number;
    }

    /** The type of that number, unless it is not supported. */
    static Optional<TensorType> type(int number) {
        String name = name(number);
        for (TensorType type : TensorType.values()) {
            if (type.name().equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }

    static int number(TensorType type) {
        return NAMES.indexOf(type.name());
    }
}
