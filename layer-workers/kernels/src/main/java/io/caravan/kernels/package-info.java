/**
 * The arithmetic of a transformer on tensors that belong to a device.
 *
 * <p>Every row's result has the same bits whatever other rows are computed beside it and however many threads compute
 * them: a reduction runs in an order that depends on the row's own length alone. {@code scalar} is the definition of every
 * kernel; {@code vector} is the fast one and the only home of {@code jdk.incubator.vector}.
 */
package io.caravan.kernels;
