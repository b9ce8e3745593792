/**
 * Aeron behind the link port, and the only home of Aeron in this project.
 *
 * <p>Every process has a media driver of its own or shares one with others of its host. An inbox listens under one stream
 * id on shared memory and on the process's UDP port; a link takes shared memory when both ends use the same driver, and UDP
 * otherwise. Frames travel as chunks that fit into one datagram each, so sending resumes at any of them, and the terms
 * that buffer a stream may be much smaller than a frame.
 */
package io.caravan.worker.transport.aeron;
