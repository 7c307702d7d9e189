package shipsentry.benchmark.equal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import shipsentry.benchmark.equal.Messages.Warning;

/** The warnings that clocks and checks give at one moment, and the next moment that changes them. */
final class Judgement {
    static final String PLATFORM = "douyin";
    static final long NEVER = Long.MAX_VALUE;

    private static final long LONGEST_LEAD = Duration.ofHours(12).toMillis();
    private static final DateTimeFormatter ANCHOR =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'000Z'")
                    .withZone(ZoneOffset.UTC);

    private final long now;
    final List<Warning> warnings = new ArrayList<>();
    private long next = NEVER;

    Judgement(long now) {
        this.now = now;
    }

    /** When these warnings change if no fact does; {@link #NEVER} if they stay. */
    long next() {
        return next;
    }

    /** A clock's warning: {@code end} is {@link #NEVER} while the condition is unmet. */
    void clock(String rule, String orderId, String parcel, long start, long deadline, long end) {
        long limit = deadline - start;
        if (limit <= 0) {
            return;
        }
        long opens = deadline - Math.min(limit / 4, LONGEST_LEAD);
        if (end > opens && reached(opens)) {
            clocked(rule, "violation", orderId, parcel, start, opens, deadline, end);
        }
    }

    /** A clock with a second stage, which exists from the first one's breach on. */
    void clock(
            String rule,
            String orderId,
            String parcel,
            long start,
            long deadline,
            long serious,
            long end) {
        clock(rule, orderId, parcel, start, deadline, end);
        if (end > deadline && reached(deadline + 1)) {
            clocked(rule, "serious", orderId, parcel, start, deadline, serious, end);
        }
    }

    private void clocked(
            String rule,
            String stage,
            String orderId,
            String parcel,
            long start,
            long opens,
            long deadline,
            long end) {
        boolean ended = end != NEVER;
        boolean late = ended ? end > deadline : reached(deadline + 1);
        String state = ended ? "resolved" : late ? "breached" : "open";
        add(
                rule,
                stage,
                orderId,
                parcel,
                start,
                state,
                opens,
                deadline,
                late ? deadline : null,
                ended ? end : null);
    }

    /** A check that holds from {@code since} until {@code end}. */
    void check(String rule, String orderId, String parcel, long since, long end) {
        if (end <= since) {
            return;
        }
        boolean ended = end != NEVER;
        String state = ended ? "resolved" : "open";
        add(rule, "violation", orderId, parcel, since, state, since, null, null, ended ? end : null);
    }

    private boolean reached(long moment) {
        if (now >= moment) {
            return true;
        }
        next = Math.min(next, moment);
        return false;
    }

    private void add(
            String rule,
            String stage,
            String orderId,
            String parcel,
            long anchor,
            String state,
            long opened,
            Long deadline,
            Long breached,
            Long resolved) {
        String subject =
                parcel == null
                        ? "order:" + orderId
                        : "parcel:" + parcel + (orderId == null ? "" : ":order:" + orderId);
        String id = id(rule, stage, subject, anchor);
        warnings.add(
                new Warning(
                        id, state, rule, stage, orderId, parcel, opened, deadline, breached,
                        resolved));
    }

    /** The same facts give the same id for ever. */
    private static String id(String rule, String stage, String subject, long anchor) {
        String text =
                String.join(
                        "|", rule, stage, PLATFORM, subject,
                        ANCHOR.format(Instant.ofEpochMilli(anchor)));
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, 16);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }
}
