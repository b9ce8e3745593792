package io.caravan.tests.support;

import java.io.File;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * Marks tests that run a program which a machine with only a JDK and Maven lacks, such as a browser. Without it they are
 * left out and say so, except where {@code CI} is set: there they run and fail, so that no gap stays hidden.
 */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsProgram.Condition.class)
public @interface NeedsProgram {

    /** Names as on the PATH; all are needed. */
    String[] value();

    /** Looks along the PATH. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            var needed = AnnotationSupport.findAnnotation(context.getElement(), NeedsProgram.class);
            if (needed.isEmpty()) {
                return ConditionEvaluationResult.enabled("needs no program");
            }
            if (System.getenv("CI") != null) {
                return ConditionEvaluationResult.enabled("CI has every program");
            }
            var missing = Arrays.stream(needed.get().value())
                    .filter(program -> !isOnPath(program))
                    .toList();
            return missing.isEmpty()
                    ? ConditionEvaluationResult.enabled("found")
                    : ConditionEvaluationResult.disabled(missing + " not found on the PATH; CI runs this test");
        }

        private static boolean isOnPath(String program) {
            return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                    .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
        }
    }
}
