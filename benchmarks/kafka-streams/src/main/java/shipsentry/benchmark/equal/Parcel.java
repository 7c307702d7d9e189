package shipsentry.benchmark.equal;

import static shipsentry.benchmark.equal.Judgement.NEVER;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import shipsentry.benchmark.equal.Messages.Facts;
import shipsentry.benchmark.equal.Messages.Link;
import shipsentry.benchmark.equal.Messages.Recipient;
import shipsentry.benchmark.equal.Messages.TrackingUpdate;
import shipsentry.benchmark.equal.Messages.Warning;

/** What is remembered of one number. Times are milliseconds. */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
final class Parcel implements Judged {
    private static final Set<String> HUBS =
            Set.of(
                    "hub", "arrived_dest_city", "out_for_delivery", "ready_for_pickup",
                    "delivered", "attempt_failed");
    private static final Set<String> STOPS =
            Set.of("delivered", "returning", "returned", "handed_over", "cancelled");
    private static final Set<String> BESIDE_HUBS =
            Set.of("picked_up", "in_transit", "customs", "handed_over");

    private static final long DAY = Duration.ofHours(24).toMillis();
    private static final long WINDOW = 30 * DAY;

    /** Times of uploads and releases that name an order, what it told, and what it was told. */
    @JsonInclude(JsonInclude.Include.NON_DEFAULT)
    static final class Named {
        private static final long UNTOLD = -1;

        public TreeSet<Long> uploads = new TreeSet<>();
        public TreeSet<Long> releases = new TreeSet<>();
        public boolean known;
        public long paidAt;
        public long closedAt = NEVER;
        public Recipient recipient;

        /** When it was told that the parcel moved; {@link Judgement#NEVER}: not yet. */
        public long told = UNTOLD;

        /** Its last stretch: from the upload to the release, if there is one. */
        Stretch stretch() {
            if (uploads.isEmpty()) {
                return null;
            }
            Long before = releases.lower(uploads.last());
            long from = before == null ? uploads.first() : uploads.higher(before);
            Long end = releases.ceiling(from);
            return new Stretch(from, end == null ? NEVER : end);
        }
    }

    record Stretch(long from, long released) {}

    /** One of the parcel's orders: its upload, and the earlier of release and closing. */
    private record Own(String orderId, Named named, long from, long released) {
        long end() {
            return Math.min(released, named.closedAt);
        }
    }

    public TreeMap<String, Named> orders = new TreeMap<>();
    public long pickedUp = NEVER;
    public TreeSet<Long> progress = new TreeSet<>();
    public TreeSet<Long> hubs = new TreeSet<>();
    public long stop = NEVER;
    public TreeMap<String, Warning> published = new TreeMap<>();
    public long due = NEVER;

    /** Take a record in; whether it is news. */
    boolean take(TrackingUpdate update) {
        long at = OffsetDateTime.parse(update.occurredAt()).toInstant().toEpochMilli();
        String status = update.status();
        boolean names = update.orderIds() != null && !update.orderIds().isEmpty();
        if (names && (status.equals("ordered") || status.equals("cancelled"))) {
            boolean changed = false;
            for (String orderId : update.orderIds()) {
                Named named = orders.computeIfAbsent(orderId, unseen -> new Named());
                changed |= (status.equals("ordered") ? named.uploads : named.releases).add(at);
            }
            return changed;
        }
        boolean hub = HUBS.contains(status);
        boolean news = (hub || BESIDE_HUBS.contains(status)) && progress.add(at);
        news |= hub && hubs.add(at);
        if (status.equals("picked_up") && at < pickedUp) {
            pickedUp = at;
            news = true;
        }
        if (STOPS.contains(status) && at < stop) {
            stop = at;
            news = true;
        }
        return news;
    }

    /** Take in what an order told; whether it is news. */
    boolean take(Facts facts) {
        Named named = orders.computeIfAbsent(facts.orderId(), unseen -> new Named());
        long closedAt = facts.closedAt() == null ? NEVER : facts.closedAt();
        if (named.known
                && named.paidAt == facts.paidAt()
                && named.closedAt == closedAt
                && Objects.equals(named.recipient, facts.recipient())) {
            return false;
        }
        named.known = true;
        named.paidAt = facts.paidAt();
        named.closedAt = closedAt;
        named.recipient = facts.recipient();
        return true;
    }

    /** What its orders must hear that is not what they were told last, by their ids. */
    Map<String, Link> news(String key) {
        Map<String, Link> news = new HashMap<>();
        orders.forEach(
                (orderId, named) -> {
                    long moved = moved(named);
                    if (moved != named.told) {
                        named.told = moved;
                        news.put(orderId, new Link(key, moved == NEVER ? null : moved));
                    }
                });
        return news;
    }

    private long moved(Named named) {
        Stretch stretch = named.stretch();
        if (stretch == null || stretch.released() != NEVER) {
            return NEVER;
        }
        // Of an order that has not answered yet the first progress of all; it knows if that counts.
        Long first = progress.ceiling(named.paidAt - OrderState.TOLERANCE);
        return first == null ? NEVER : first;
    }

    @Override
    public void judge(String key, Judgement judgement) {
        List<Own> ever = new ArrayList<>();
        orders.forEach(
                (orderId, named) -> {
                    Stretch stretch = named.stretch();
                    if (stretch != null) {
                        ever.add(new Own(orderId, named, stretch.from(), stretch.released()));
                    }
                });
        // Those released last stand for the parcel where none is linked any more.
        long last = ever.stream().mapToLong(Own::released).max().orElse(NEVER);
        List<Own> own = ever.stream().filter(each -> each.released() == last).toList();
        if (own.isEmpty()) {
            return;
        }
        long from = own.stream().mapToLong(Own::from).min().getAsLong();
        long parcelEnd = own.stream().mapToLong(Own::end).max().getAsLong();
        long stopped = Math.min(stop, parcelEnd);
        long moved = progress.isEmpty() ? NEVER : progress.first();
        judgement.clock(
                "pickup_overdue", null, key, from, from + DAY, from + 2 * DAY,
                Math.min(moved, stopped));
        if (pickedUp != NEVER && stopped >= pickedUp) {
            Long hub = hubs.ceiling(pickedUp);
            judgement.clock(
                    "inactive_after_pickup", null, key, pickedUp, pickedUp + DAY,
                    pickedUp + 2 * DAY, Math.min(hub == null ? NEVER : hub, stopped));
        }
        for (Own each : own) {
            long until = usedBefore(each, ever);
            if (until > each.from()) {
                judgement.check(
                        "duplicate_tracking_number", each.orderId(), key, each.from(),
                        Math.min(until, each.end()));
            }
        }
    }

    /** When the last earlier use by another recipient was released; 0 where there is none. */
    private static long usedBefore(Own own, List<Own> ever) {
        long until = 0;
        for (Own other : ever) {
            boolean before =
                    other.from() < own.from()
                            || (other.from() == own.from()
                                    && other.orderId().compareTo(own.orderId()) < 0);
            if (before
                    && own.from() - other.from() <= WINDOW
                    && other.end() > own.from()
                    && different(own.named().recipient, other.named().recipient)) {
                until = Math.max(until, other.released());
            }
        }
        return until;
    }

    private static boolean different(Recipient one, Recipient other) {
        if (one == null || other == null) {
            return false;
        }
        if (one.addressKey() != null && other.addressKey() != null) {
            return !one.addressKey().equals(other.addressKey());
        }
        return unequal(one.province(), other.province()) || unequal(one.city(), other.city());
    }

    private static boolean unequal(String one, String other) {
        return one != null && other != null && !one.equals(other);
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
