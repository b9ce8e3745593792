package io.caravan.gateway.tokenizer;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;

/** {@code text | trim}: Python's strip, which knows more white space than Jinjava's and takes the characters to strip. */
final class PythonTrimFilter implements Filter {
    @Override
    public String getName() {
        return "trim";
    }

    @Override
    public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
        return value == null ? "" : PythonMethods.strip(value.toString(), arguments, true, true);
    }
}
