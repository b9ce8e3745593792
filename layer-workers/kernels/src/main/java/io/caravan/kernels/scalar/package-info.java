/**
 * The definition of every kernel: one element at a time, in the order a reader expects. Sums run from the first element
 * to the last in double precision and are rounded to float once, so that a fast kernel can be judged against them.
 */
package io.caravan.kernels.scalar;
