package io.caravan.cli.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Ties a flag or positional argument to its configuration key and its environment variable. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
public @interface Setting {

    /** Paths in the configuration that the value is set at, as {@code caravan.pipeline.stages}; none for what is no part of it. */
    String[] key();

    /** Environment variable, as {@code CARAVAN_STAGES}. */
    String env();
}
