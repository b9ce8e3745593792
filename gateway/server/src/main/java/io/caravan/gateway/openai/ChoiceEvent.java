package io.caravan.gateway.openai;

import io.caravan.gateway.generation.GenerationEvent;

/** An event of one choice's generation. */
record ChoiceEvent(int index, GenerationEvent event) {}
