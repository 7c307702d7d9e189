package shipsentry.benchmark;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
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
    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .build();

    private App() {}

    public static void main(String[] arguments) {
        Map<String, String> env = System.getenv();
        KafkaStreams streams =
                new KafkaStreams(
                        topology(env.get("BASELINE_TOPIC"), env.get("BASELINE_WARNINGS")),
                        settings(env));
        streams.setUncaughtExceptionHandler(
                error -> {
                    error.printStackTrace();
                    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
                });
        streams.setStateListener(
                (now, before) -> {
                    if (now == KafkaStreams.State.ERROR) {
                        Runtime.getRuntime().halt(1);
                    }
                });
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(30))));
        streams.start();
    }

    static Topology topology(String updates, String warnings) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(updates, Consumed.with(Serdes.String(), json(TrackingUpdate.class)))
                .process(new JudgeSupplier())
                .to(warnings, Produced.with(Serdes.String(), json(Warning.class)));
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
                                    json(Parcel.class))
                            .withCachingEnabled(),
                    Stores.keyValueStoreBuilder(
                                    Stores.persistentKeyValueStore(Judge.DUE),
                                    Serdes.String(),
                                    Serdes.String())
                            .withCachingEnabled());
        }
    }

    private static Properties settings(Map<String, String> env) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, env.get("BASELINE_APP_ID"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env.get("BASELINE_BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, env.get("BASELINE_DATA_DIR"));
        settings.put(
                StreamsConfig.NUM_STREAM_THREADS_CONFIG, env.getOrDefault("BASELINE_THREADS", "1"));
        settings.put(
                StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG,
                Long.parseLong(env.getOrDefault("BASELINE_CACHE_MIB", "10")) << 20);
        settings.put(
                StreamsConfig.COMMIT_INTERVAL_MS_CONFIG,
                env.getOrDefault("BASELINE_COMMIT_MS", "30000"));
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        return settings;
    }

    private static <T> Serde<T> json(Class<T> type) {
        ObjectReader reader = JSON.readerFor(type);
        ObjectWriter writer = JSON.writerFor(type);
        return Serdes.serdeFrom(
                (topic, value) -> {
                    try {
                        return value == null ? null : writer.writeValueAsBytes(value);
                    } catch (IOException error) {
                        throw new SerializationException(error);
                    }
                },
                (topic, bytes) -> {
                    try {
                        return bytes == null ? null : reader.readValue(bytes);
                    } catch (IOException error) {
                        throw new SerializationException(error);
                    }
                });
    }
}
