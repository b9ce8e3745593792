/** Whether the process lives, and whether tokens come out of the pipeline behind it. */
package io.caravan.gateway.health;
