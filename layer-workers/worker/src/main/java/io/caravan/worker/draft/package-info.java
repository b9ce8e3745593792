/** Drafting for speculative decoding with a small model, on a thread of its own in the scheduler's process. */
package io.caravan.worker.draft;
