/** The port through which the scheduler asks for guesses of what comes next, for speculative decoding. */
package io.caravan.proto.draft;
