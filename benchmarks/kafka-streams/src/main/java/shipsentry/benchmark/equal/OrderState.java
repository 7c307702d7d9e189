package shipsentry.benchmark.equal;

import static shipsentry.benchmark.equal.Judgement.NEVER;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.TreeMap;
import shipsentry.benchmark.equal.Messages.Facts;
import shipsentry.benchmark.equal.Messages.Link;
import shipsentry.benchmark.equal.Messages.Order;
import shipsentry.benchmark.equal.Messages.Recipient;
import shipsentry.benchmark.equal.Messages.Warning;

/** What is remembered of one order. Times are milliseconds. */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
final class OrderState implements Judged {
    private static final long PROMISE = Duration.ofHours(48).toMillis();
    static final long TOLERANCE = Duration.ofMinutes(5).toMillis();

    public boolean known;
    public long updatedAt;
    public long paidAt;
    public long promised;
    public long closedAt = NEVER;
    public Recipient recipient;

    /** When the parcels that name it moved; {@link Judgement#NEVER} where they told of nothing. */
    public TreeMap<String, Long> parcels = new TreeMap<>();

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

    /** Take in what a parcel told; whether it is news. */
    boolean take(Link link) {
        Long movedAt = link.movedAt() == null ? NEVER : link.movedAt();
        return !movedAt.equals(parcels.put(link.parcel(), movedAt));
    }

    /** What its parcels must know; null while nothing is known. */
    Facts facts(String orderId) {
        return known
                ? new Facts(orderId, paidAt, closedAt == NEVER ? null : closedAt, recipient)
                : null;
    }

    @Override
    public void judge(String orderId, Judgement judgement) {
        if (!known) {
            return;
        }
        long end = closedAt;
        for (long movedAt : parcels.values()) {
            if (movedAt >= paidAt - TOLERANCE) {
                end = Math.min(end, movedAt);
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
