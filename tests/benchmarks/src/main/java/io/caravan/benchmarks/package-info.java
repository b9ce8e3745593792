/** JMH benchmarks of the kernels, at the sizes of a 1.1 B model unless parameters say otherwise. */
package io.caravan.benchmarks;
