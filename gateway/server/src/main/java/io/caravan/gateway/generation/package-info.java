/**
 * A request's life in the gateway: {@link io.caravan.gateway.generation.Generations} starts one actor for each sequence,
 * which stands between the client's stream and the pipeline's singleton.
 *
 * <pre>
 *   openai, grpc ──GenerationRequest──► GenerationActor ──Submit, Cancel──► pipeline singleton
 *                ◄──GenerationEvent── bounded queue ◄──┘ ◄──SequenceEvent──
 * </pre>
 */
package io.caravan.gateway.generation;
