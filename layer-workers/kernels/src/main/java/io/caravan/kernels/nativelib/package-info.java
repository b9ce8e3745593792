/**
 * The kernels compiled from C ({@code src/main/c}), called through Java's foreign function interface, of which this package
 * is the only home. A call costs nanoseconds and hands over addresses; {@code HostKernels} has checked what they address.
 */
package io.caravan.kernels.nativelib;
