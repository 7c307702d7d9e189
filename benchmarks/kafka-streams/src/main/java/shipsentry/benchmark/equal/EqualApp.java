package shipsentry.benchmark.equal;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import shipsentry.benchmark.Running;
import shipsentry.benchmark.equal.Messages.Facts;
import shipsentry.benchmark.equal.Messages.Link;
import shipsentry.benchmark.equal.Messages.Order;
import shipsentry.benchmark.equal.Messages.TrackingUpdate;

/**
 * Four rules over orders and parcels, joined by topics that are keyed anew.
 *
 * <p>A parcel tells each of its orders when it moved; an order tells its parcels when it was paid
 * and closed and who receives it; both only what is new. Each of the two goes round by a topic, as
 * they point at each other: a foreign-key join goes one way.
 *
 * <p>One store has the deadlines of both. That makes them one sub-topology, so a task takes orders
 * and tracking updates in order of time: else orders' time runs ahead of what parcels tell them, and
 * in a backlog each is warned of before it hears that its parcel moved.
 */
public final class EqualApp {
    private static final String PARCELS = "parcels";
    private static final String ORDERS = "orders";
    private static final String TO_ORDERS = "to-orders";
    private static final String TO_PARCELS = "to-parcels";

    private EqualApp() {}

    public static void main(String[] arguments) {
        Map<String, String> env = System.getenv();
        Running.run(topology(env), env);
    }

    /** Tells parcels' orders of them. */
    private static final class Parcels extends Judge<Object, Parcel> {
        Parcels() {
            super(PARCELS, Parcel::new);
        }

        @Override
        boolean take(Record<String, Object> record, Parcel parcel) {
            boolean news =
                    record.value() instanceof Facts facts
                            ? parcel.take(facts)
                            : parcel.take((TrackingUpdate) record.value());
            if (news) {
                parcel.news(record.key())
                        .forEach(
                                (orderId, link) ->
                                        context()
                                                .forward(
                                                        record.withKey(orderId).withValue(link),
                                                        TO_ORDERS));
            }
            return news;
        }
    }

    /** Tells orders' parcels of them. */
    private static final class Orders extends Judge<Object, OrderState> {
        Orders() {
            super(ORDERS, OrderState::new);
        }

        @Override
        boolean take(Record<String, Object> record, OrderState order) {
            if (record.value() instanceof Link link) {
                boolean met = order.parcels.containsKey(link.parcel());
                if (order.known && !met) {
                    tell(record, link.parcel(), order.facts(record.key()));
                }
                return order.take(link);
            }
            Facts before = order.facts(record.key());
            if (!order.take((Order) record.value())) {
                return false;
            }
            Facts facts = order.facts(record.key());
            if (!facts.equals(before)) {
                order.parcels.keySet().forEach(parcel -> tell(record, parcel, facts));
            }
            return true;
        }

        private void tell(Record<String, Object> record, String parcel, Facts facts) {
            context().forward(record.withKey(parcel).withValue(facts), TO_PARCELS);
        }
    }

    static Topology topology(Map<String, String> env) {
        String links = env.get("BASELINE_LINKS");
        String facts = env.get("BASELINE_FACTS");
        Topology topology = new Topology();
        source(topology, "updates", env.get("BASELINE_TOPIC"), TrackingUpdate.class);
        source(topology, "facts", facts, Facts.class);
        source(topology, "paid", env.get("BASELINE_ORDERS"), Order.class);
        source(topology, "links", links, Link.class);
        topology.addProcessor(
                PARCELS, supplier(PARCELS, Parcel.class, Parcels::new), "updates", "facts");
        topology.addProcessor(
                ORDERS, supplier(ORDERS, OrderState.class, Orders::new), "paid", "links");
        topology.addStateStore(store(Judge.DUE, Serdes.String()), PARCELS, ORDERS);
        sink(topology, TO_ORDERS, links, Link.class, PARCELS);
        sink(topology, TO_PARCELS, facts, Facts.class, ORDERS);
        sink(
                topology, Judge.WARNINGS, env.get("BASELINE_WARNINGS"), Messages.Warning.class,
                PARCELS, ORDERS);
        return topology;
    }

    private static void source(Topology topology, String name, String topic, Class<?> type) {
        topology.addSource(
                name,
                Serdes.String().deserializer(),
                Running.json(type).deserializer(),
                topic);
    }

    private static void sink(
            Topology topology, String name, String topic, Class<?> type, String... parents) {
        topology.addSink(
                name, topic, Serdes.String().serializer(), Running.json(type).serializer(), parents);
    }

    /** The processor with the store of its states. */
    private static <S extends Judged> ProcessorSupplier<String, Object, String, Object> supplier(
            String states,
            Class<S> type,
            java.util.function.Supplier<Processor<String, Object, String, Object>> make) {
        return new ProcessorSupplier<>() {
            @Override
            public Processor<String, Object, String, Object> get() {
                return make.get();
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Set.of(store(states, Running.json(type)));
            }
        };
    }

    /** A store in RocksDB, with a cache and a changelog. */
    private static <V> StoreBuilder<KeyValueStore<String, V>> store(String name, Serde<V> values) {
        return Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(name), Serdes.String(), values)
                .withCachingEnabled();
    }
}
