package shipsentry.benchmark.equal;

import java.util.List;

/** What crosses Kafka. Fields that this application does not use are left out. */
final class Messages {
    private Messages() {}

    /** The part of a recipient that tells two of them apart; each may be null. */
    record Recipient(String province, String city, String addressKey) {}

    /** An order as known now. */
    record Order(
            String orderId,
            String platform,
            String paidAt,
            String updatedAt,
            String promisedShipBy,
            String state,
            Recipient recipient) {}

    /** One checkpoint, upload or release. */
    record TrackingUpdate(
            String carrier,
            String trackingNumber,
            String status,
            String occurredAt,
            List<String> orderIds) {}

    /**
     * What a parcel tells an order that it names, by the order's id.
     *
     * @param movedAt its first progress since the payment, as far as that is known; null while
     *     there is none, and where the order is no longer the parcel's
     */
    record Link(String parcel, Long movedAt) {}

    /** What an order tells a parcel that names it, by the parcel's key. */
    record Facts(String orderId, long paidAt, Long closedAt, Recipient recipient) {}

    /** One revision of a warning. Times are milliseconds. */
    record Warning(
            String warningId,
            String state,
            String rule,
            String stage,
            String orderId,
            String parcel,
            long openedAt,
            Long deadline,
            Long breachedAt,
            Long resolvedAt) {

        /** The same warning, taken back. */
        Warning withdrawn() {
            return new Warning(
                    warningId,
                    "withdrawn",
                    rule,
                    stage,
                    orderId,
                    parcel,
                    openedAt,
                    deadline,
                    breachedAt,
                    resolvedAt);
        }
    }
}
