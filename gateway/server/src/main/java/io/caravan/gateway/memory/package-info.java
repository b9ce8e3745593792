/** The memory that requests may take, all together, until they are tokens. */
package io.caravan.gateway.memory;
