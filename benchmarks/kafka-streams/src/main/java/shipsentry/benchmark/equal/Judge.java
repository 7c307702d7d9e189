package shipsentry.benchmark.equal;

import static shipsentry.benchmark.equal.Judgement.NEVER;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import shipsentry.benchmark.equal.Messages.Warning;

/**
 * Keeps states of one kind, publishes what changes in their warnings, and judges again what is due.
 *
 * <p>Deadlines are in a store, ordered by kind and time, so a restart finds them. They pass a tick
 * later than event time: until then what is told by a topic may come round, and less is published
 * that it takes back.
 */
abstract class Judge<V, S extends Judged> extends ContextualProcessor<String, V, String, Object> {
    static final String WARNINGS = "warnings";
    static final String DUE = "due";

    /** Without a record for so long, the wall clock takes over from event time. */
    private static final long IDLE = 3_000;

    private final String states;
    private final Supplier<S> fresh;
    private KeyValueStore<String, S> store;
    private KeyValueStore<String, String> due;
    private long lastRecord;

    /** Stream time when it was last looked at. */
    private long ticked;

    /** The moment at which states are judged. */
    private long passed;

    /** No deadline is before it. A scan from the start would go over all that were deleted. */
    private long scanned;

    Judge(String states, Supplier<S> fresh) {
        this.states = states;
        this.fresh = fresh;
    }

    @Override
    public void init(ProcessorContext<String, Object> context) {
        super.init(context);
        store = context.getStateStore(states);
        due = context.getStateStore(DUE);
        context.schedule(Duration.ofSeconds(1), PunctuationType.WALL_CLOCK_TIME, this::fire);
    }

    @Override
    public void process(Record<String, V> record) {
        S state = store.get(record.key());
        if (state == null) {
            state = fresh.get();
        }
        lastRecord = context().currentSystemTimeMs();
        if (passed == 0) {
            passed = context().currentStreamTimeMs();
        }
        if (take(record, state)) {
            judge(record.key(), state, passed, record.timestamp());
            store.put(record.key(), state);
        }
    }

    /** Take a record into a state and tell others; whether the state has changed. */
    abstract boolean take(Record<String, V> record, S state);

    private void judge(String key, S state, long now, long timestamp) {
        Judgement judgement = new Judgement(now);
        state.judge(key, judgement);
        Map<String, Warning> gone = new HashMap<>(state.published());
        for (Warning warning : judgement.warnings) {
            if (!warning.equals(gone.remove(warning.warningId()))) {
                state.published().put(warning.warningId(), warning);
                publish(warning, timestamp);
            }
        }
        for (Warning warning : gone.values()) {
            state.published().remove(warning.warningId());
            publish(warning.withdrawn(), timestamp);
        }
        if (state.due() != judgement.next()) {
            if (state.due() != NEVER) {
                due.delete(dueKey(state.due(), key));
            }
            if (judgement.next() != NEVER) {
                due.put(dueKey(judgement.next(), key), key);
            }
            state.due(judgement.next());
        }
    }

    private void publish(Warning warning, long timestamp) {
        context().forward(new Record<>(warning.warningId(), warning, timestamp), WARNINGS);
    }

    /** Thirteen digits until the year 2286, so the order of the text is that of the time. */
    private String dueKey(long moment, String key) {
        return states + "|" + moment + "|" + key;
    }

    /** Judges each state whose moment has come: by event time, by the wall clock when idle. */
    private void fire(long wallClock) {
        if (lastRecord == 0) {
            return;
        }
        long now = wallClock - lastRecord > IDLE ? wallClock : ticked;
        ticked = context().currentStreamTimeMs();
        if (now == 0) {
            return; // the first tick
        }
        List<KeyValue<String, String>> over = new ArrayList<>();
        try (KeyValueIterator<String, String> entries =
                due.range(dueKey(scanned, ""), dueKey(now + 1, ""))) {
            entries.forEachRemaining(over::add);
        }
        for (KeyValue<String, String> entry : over) {
            S state = store.get(entry.value);
            if (state == null || !entry.key.equals(dueKey(state.due(), entry.value))) {
                due.delete(entry.key); // a crash kept the deadline and not its state
                continue;
            }
            judge(entry.value, state, now, state.due());
            store.put(entry.value, state);
        }
        passed = Math.min(now, ticked);
        scanned = passed;
    }
}
