/**
 * The data plane's contents: the step plan that every stage runs and the step result that comes back.
 *
 * <p>A plan names everything that a stage needs, block tables and sampling wishes included, so a stage keeps nothing about
 * a sequence but the keys and values in its blocks. A stage that was just replaced can run the next plan.
 */
package io.caravan.proto.step;
