/** The connections to the gateway's ports: how many there may be, and how long each may keep silent. */
package io.caravan.gateway.connection;
