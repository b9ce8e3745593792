/**
 * Files that {@code torch.save} wrote: a ZIP archive of plainly stored storages beside a pickle that says which tensors lie in
 * them. The archive is mapped, the pickle is read by a machine that knows data only and calls nothing.
 */
package io.caravan.formats.torch;
