package shipsentry.benchmark;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Warns of a number that two recipients share within 30 days, and of 24 hours without a record
 * after pickup.
 *
 * <p>Deadlines are in a store of their own, ordered by time, so a restart finds them. Times are
 * milliseconds.
 */
final class Judge
        implements Processor<String, Judge.TrackingUpdate, String, Judge.Warning> {
    static final String PARCELS = "parcels";
    static final String DUE = "due";

    private static final long INACTIVE = Duration.ofHours(24).toMillis();
    private static final long WINDOW = Duration.ofDays(30).toMillis();

    /** Without a record for so long, the wall clock takes over from event time. */
    private static final long IDLE = 3_000;

    /** The part of a recipient that tells two of them apart. */
    record Recipient(String addressKey) {}

    /** One checkpoint or upload; fields that this application does not use are left out. */
    record TrackingUpdate(
            String carrier,
            String trackingNumber,
            String status,
            String occurredAt,
            List<String> orderIds,
            Recipient recipient) {}

    record Upload(String orderId, long at, String address) {}

    /** What is remembered of a number: its uploads, pickup and newest record (0: none yet). */
    static final class Parcel {
        public List<Upload> uploads = new ArrayList<>();
        public long pickedUp;
        public long newest;

        /** Whether its pickup is its newest record. */
        boolean silent() {
            return pickedUp > 0 && newest <= pickedUp;
        }
    }

    record Warning(
            String rule, String carrier, String trackingNumber, String orderId, long at) {
        String key() {
            String order = orderId == null ? "" : orderId;
            return rule + "|" + carrier + ":" + trackingNumber + "|" + order;
        }
    }

    private ProcessorContext<String, Warning> context;
    private KeyValueStore<String, Parcel> parcels;
    private KeyValueStore<String, String> due;
    private long lastRecord;

    @Override
    public void init(ProcessorContext<String, Warning> context) {
        this.context = context;
        parcels = context.getStateStore(PARCELS);
        due = context.getStateStore(DUE);
        context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::fire);
    }

    @Override
    public void process(Record<String, TrackingUpdate> record) {
        TrackingUpdate update = record.value();
        String key = update.carrier() + ":" + update.trackingNumber();
        long at = OffsetDateTime.parse(update.occurredAt()).toInstant().toEpochMilli();
        Parcel parcel = parcels.get(key);
        if (parcel == null) {
            parcel = new Parcel();
        }
        boolean wasSilent = parcel.silent();
        if (update.status().equals("ordered") && update.orderIds() != null) {
            upload(parcel, update, at, record.timestamp());
        } else if (!update.status().equals("unknown")) {
            if (update.status().equals("picked_up") && parcel.pickedUp == 0) {
                parcel.pickedUp = at;
            }
            parcel.newest = Math.max(parcel.newest, at);
        }
        if (parcel.silent() && !wasSilent) {
            due.put(dueKey(parcel, key), key);
        } else if (wasSilent && !parcel.silent()) {
            boolean unfired = due.delete(dueKey(parcel, key)) != null;
            if (unfired && parcel.newest > parcel.pickedUp + INACTIVE) {
                long deadline = parcel.pickedUp + INACTIVE;
                warn("inactive_after_pickup", update, null, deadline, record.timestamp());
            }
        }
        parcels.put(key, parcel);
        lastRecord = context.currentSystemTimeMs();
    }

    private void upload(Parcel parcel, TrackingUpdate update, long at, long timestamp) {
        String address = update.recipient() == null ? null : update.recipient().addressKey();
        for (String orderId : update.orderIds()) {
            if (parcel.uploads.stream().anyMatch(known -> known.orderId().equals(orderId))) {
                continue;
            }
            if (address != null
                    && parcel.uploads.stream().anyMatch(known -> collides(known, address, at))) {
                warn("duplicate_tracking_number", update, orderId, at, timestamp);
            }
            parcel.uploads.add(new Upload(orderId, at, address));
        }
    }

    private static boolean collides(Upload known, String address, long at) {
        long since = at - known.at();
        return known.address() != null
                && !known.address().equals(address)
                && since >= 0
                && since <= WINDOW;
    }

    /** Thirteen digits until the year 2286, so the order of the text is that of the time. */
    private static String dueKey(Parcel parcel, String key) {
        return (parcel.pickedUp + INACTIVE) + "|" + key;
    }

    /** Warns of each parcel whose deadline is over: by event time, by the wall clock when idle. */
    private void fire(long wallClock) {
        if (lastRecord == 0) {
            return;
        }
        long now = wallClock - lastRecord > IDLE ? wallClock : context.currentStreamTimeMs();
        List<KeyValue<String, String>> over = new ArrayList<>();
        try (KeyValueIterator<String, String> entries = due.range("0", Long.toString(now))) {
            entries.forEachRemaining(over::add);
        }
        for (KeyValue<String, String> entry : over) {
            due.delete(entry.key);
            int colon = entry.value.indexOf(':');
            long deadline = Long.parseLong(entry.key.substring(0, entry.key.indexOf('|')));
            send(
                    new Warning(
                            "inactive_after_pickup",
                            entry.value.substring(0, colon),
                            entry.value.substring(colon + 1),
                            null,
                            deadline),
                    deadline);
        }
    }

    private void warn(String rule, TrackingUpdate update, String orderId, long at, long timestamp) {
        send(new Warning(rule, update.carrier(), update.trackingNumber(), orderId, at), timestamp);
    }

    private void send(Warning warning, long timestamp) {
        context.forward(new Record<>(warning.key(), warning, timestamp));
    }
}
