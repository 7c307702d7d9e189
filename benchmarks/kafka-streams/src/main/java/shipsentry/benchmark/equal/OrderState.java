package shipsentry.benchmark.equal;

import static shipsentry.benchmark.equal.Judgement.NEVER;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import shipsentry.benchmark.equal.Messages.Facts;
import shipsentry.benchmark.equal.Messages.Link;
import shipsentry.benchmark.equal.Messages.Order;
import shipsentry.benchmark.equal.Messages.Recipient;
import shipsentry.benchmark.equal.Messages.Warning;

/** What is remembered of one order. Times are milliseconds. */
final class OrderState implements Judged {
    private static final long PROMISE = Duration.ofHours(48).toMillis();
    private static final long TOLERANCE = Duration.ofMinutes(5).toMillis();

    public boolean known;
    public long updatedAt;
    public long paidAt;
    public long promised;
    public long closedAt = NEVER;
    public Recipient recipient;

    /** Times of progress of the parcels that name it; none of those it was released from. */
    public TreeMap<String, List<Long>> parcels = new TreeMap<>();

    public TreeMap<String, Warning> published = new TreeMap<>();
    public long due = NEVER;

    /** Take a version in; whether it is newer than what is known. */
    boolean take(Order order) {
        long paid = millis(order.paidAt());
        long updated = order.updatedAt() == null ? paid : millis(order.updatedAt());
        if (known && updated <= updatedAt) {
            return false;
        }
        known = true;
        updatedAt = updated;
        paidAt = paid;
        promised =
                order.promisedShipBy() == null ? paid + PROMISE : millis(order.promisedShipBy());
        closedAt = "closed".equals(order.state()) ? Math.min(closedAt, updated) : NEVER;
        recipient = order.recipient();
        return true;
    }

    /** Take in what a parcel told. */
    void take(Link link) {
        parcels.put(link.parcel(), link.linked() ? link.progress() : List.of());
    }

    Facts facts(String orderId) {
        return new Facts(orderId, closedAt == NEVER ? null : closedAt, recipient);
    }

    @Override
    public void judge(String orderId, Judgement judgement) {
        if (!known) {
            return;
        }
        long end = closedAt;
        for (List<Long> progress : parcels.values()) {
            for (long at : progress) {
                if (at >= paidAt - TOLERANCE) {
                    end = Math.min(end, at);
                    break;
                }
            }
        }
        judgement.clock("ship_overdue", orderId, null, paidAt, promised, end);
    }

    private static long millis(String time) {
        return OffsetDateTime.parse(time).toInstant().toEpochMilli();
    }

    @Override
    public Map<String, Warning> published() {
        return published;
    }

    @Override
    public long due() {
        return due;
    }

    @Override
    public void due(long moment) {
        due = moment;
    }
}
