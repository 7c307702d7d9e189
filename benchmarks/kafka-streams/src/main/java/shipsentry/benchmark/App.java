package shipsentry.benchmark;

import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import shipsentry.benchmark.Judge.Parcel;
import shipsentry.benchmark.Judge.TrackingUpdate;
import shipsentry.benchmark.Judge.Warning;

/** The judgements of {@link Judge} as an application; environment variables are its settings. */
public final class App {
    private App() {}

    public static void main(String[] arguments) {
        Map<String, String> env = System.getenv();
        Running.run(topology(env.get("BASELINE_TOPIC"), env.get("BASELINE_WARNINGS")), env);
    }

    static Topology topology(String updates, String warnings) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(updates, Consumed.with(Serdes.String(), Running.json(TrackingUpdate.class)))
                .process(new JudgeSupplier())
                .to(warnings, Produced.with(Serdes.String(), Running.json(Warning.class)));
        return builder.build();
    }

    /** The processor with its two stores, both in RocksDB, with a cache and a changelog. */
    private static final class JudgeSupplier
            implements ProcessorSupplier<String, TrackingUpdate, String, Warning> {
        @Override
        public Processor<String, TrackingUpdate, String, Warning> get() {
            return new Judge();
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(
                    Stores.keyValueStoreBuilder(
                                    Stores.persistentKeyValueStore(Judge.PARCELS),
                                    Serdes.String(),
                                    Running.json(Parcel.class))
                            .withCachingEnabled(),
                    Stores.keyValueStoreBuilder(
                                    Stores.persistentKeyValueStore(Judge.DUE),
                                    Serdes.String(),
                                    Serdes.String())
                            .withCachingEnabled());
        }
    }
}
