/**
 * The arithmetic of the whole model against an independent implementation in float64, and the promise that a row's bits
 * depend on nothing but its own sequence. Stages are chained within one process here; that separate processes give the same
 * is the system tests' to show.
 */
package io.caravan.oracle;
