/** Weights as a device laid them out, kept on disk, so that the next start reads them instead of packing them again. */
package io.caravan.model.cache;
