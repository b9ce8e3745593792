/** A layer worker: a process that hosts stages, tells what it can do, and takes part in the cluster. */
package io.caravan.worker;
