/**
 * The protocols between actors of different processes. They carry decisions; tensors and step plans go through {@link
 * io.caravan.proto.link}.
 *
 * <pre>
 *   gateway generation ──SchedulerProtocol──► pipeline singleton ──StageProtocol──► sharded stages
 *                      ◄──SequenceEvent──────      ▲      ▲      ◄──StageEvent────
 *                                       WorkerInfo │      │ Locate
 *                                            workers      shard allocation
 * </pre>
 */
package io.caravan.proto.actor;
