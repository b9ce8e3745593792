/**
 * The fast kernels, and the only home of {@code jdk.incubator.vector}.
 *
 * <p>Sums keep one vector per output: lane i adds the products i, i + L, i + 2L, ... in that order with fused multiply-adds
 * (L lanes to a vector), the lanes are then added in a fixed tree and the elements of an incomplete last vector come last,
 * one by one. Neither the tile an output is computed in, nor its neighbours, nor the thread change that order, so equal
 * lane counts give equal bits. The API's own lane reduction is not used for sums: it leaves the order open, and compiled
 * code takes another than interpreted code.
 */
package io.caravan.kernels.vector;
