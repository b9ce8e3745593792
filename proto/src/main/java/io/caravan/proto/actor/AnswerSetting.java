package io.caravan.proto.actor;

/**
 * A setting on which the bits of answers depend, so that all gateways of a cluster must have the same.
 *
 * @param name what people set it by
 * @param value as it is written there
 */
public record AnswerSetting(String name, String value) {}
