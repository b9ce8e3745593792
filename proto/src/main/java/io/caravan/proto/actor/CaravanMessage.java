package io.caravan.proto.actor;

/** Marks what may cross a process border between actors; bound to the Kryo serializer. */
public interface CaravanMessage {}
