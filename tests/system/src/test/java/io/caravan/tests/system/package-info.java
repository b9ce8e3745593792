/** The whole system as its users start it: real processes, real ports, real deaths. */
package io.caravan.tests.system;
