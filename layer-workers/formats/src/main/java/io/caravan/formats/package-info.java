/** Checkpoint files: from a folder on disk to a {@link io.caravan.proto.model.ModelSpec} and mapped tensor views. */
package io.caravan.formats;
