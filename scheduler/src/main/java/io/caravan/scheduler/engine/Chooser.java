package io.caravan.scheduler.engine;

import io.caravan.proto.sequence.TokenIds;

/** A sequence whose next token a plan in flight chooses, and the draft that the plan verifies; mostly an empty one. */
record Chooser(Sequence sequence, TokenIds draft) {}
