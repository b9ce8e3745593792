/**
 * The port through which frames travel: gateway-side scheduler to stage 0, stage to stage, last stage to scheduler.
 *
 * <p>Aeron stands behind it in a cluster; {@link io.caravan.proto.link.MemoryLinks} stands behind it in tests.
 */
package io.caravan.proto.link;
