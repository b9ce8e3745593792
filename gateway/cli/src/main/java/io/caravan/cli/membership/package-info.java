/** Who is in the cluster, who is dead, and how what was parted comes together again. */
package io.caravan.cli.membership;
