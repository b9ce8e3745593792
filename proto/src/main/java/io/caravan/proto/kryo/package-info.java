/**
 * Actor messages as bytes: Kryo, which takes only the classes in one table, by their numbers.
 *
 * <p>A message that cannot be written is only a log line and an ask that times out, so the tests find every message there
 * is and send it through.
 */
package io.caravan.proto.kryo;
