package io.caravan.cli.membership;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * How patiently members are judged: {@code caravan.cluster.membership}.
 *
 * @param lookInterval how often a gateway asks the others whether they are there
 * @param workerLookInterval how often a worker asks its gateways
 * @param suspectAfter silence of one that was asked after which its port is tried
 * @param stableAfter how long a member has to stay unreachable and silent to be taken for dead
 * @param unsettledAfter the same of one that answers here and that others cannot reach
 * @param foundAfter how long a gateway that was a member before looks for others before it founds a cluster of its own
 * @param hostTime how long a cluster that another one is about to join stays where it is
 * @param knownGateways most addresses that are remembered of gateways which once were members
 * @param firstDelay before the first try to become a member again; it doubles
 * @param lastDelay up to this
 */
public record MembershipSettings(
        Duration lookInterval,
        Duration workerLookInterval,
        Duration suspectAfter,
        Duration stableAfter,
        Duration unsettledAfter,
        Duration foundAfter,
        Duration hostTime,
        int knownGateways,
        Duration firstDelay,
        Duration lastDelay) {

    public MembershipSettings {
        require(lookInterval.isPositive(), "look-interval", "positive", lookInterval);
        require(workerLookInterval.isPositive(), "worker-look-interval", "positive", workerLookInterval);
        require(suspectAfter.isPositive(), "suspect-after", "positive", suspectAfter);
        require(stableAfter.isPositive(), "stable-after", "positive", stableAfter);
        require(unsettledAfter.compareTo(stableAfter) >= 0, "unsettled-after", ">= stable-after", unsettledAfter);
        require(foundAfter.isPositive(), "found-after", "positive", foundAfter);
        require(hostTime.isPositive(), "host-time", "positive", hostTime);
        require(knownGateways >= 1, "known-gateways", "at least 1", knownGateways);
        require(firstDelay.isPositive(), "first-delay", "positive", firstDelay);
        require(lastDelay.compareTo(firstDelay) >= 0, "last-delay", ">= first-delay", lastDelay);
    }

    /** Those of a whole configuration. */
    public static MembershipSettings from(Config config) {
        var membership = config.getConfig("caravan.cluster.membership");
        return new MembershipSettings(
                membership.getDuration("look-interval"),
                membership.getDuration("worker-look-interval"),
                membership.getDuration("suspect-after"),
                membership.getDuration("stable-after"),
                membership.getDuration("unsettled-after"),
                membership.getDuration("found-after"),
                membership.getDuration("host-time"),
                membership.getInt("known-gateways"),
                membership.getDuration("first-delay"),
                membership.getDuration("last-delay"));
    }

    private static void require(boolean met, String key, String wanted, Object value) {
        if (!met) {
            throw new IllegalArgumentException(
                    "caravan.cluster.membership." + key + " must be " + wanted + ", not " + value);
        }
    }
}
