/** A sequence: token ids plus the wishes of the one who asked for their continuation. */
package io.caravan.proto.sequence;
