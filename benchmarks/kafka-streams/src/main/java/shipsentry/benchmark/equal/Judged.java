package shipsentry.benchmark.equal;

import java.util.Map;
import shipsentry.benchmark.equal.Messages.Warning;

/** A state that rules judge. */
interface Judged {
    /** Say what holds at the judgement's moment. */
    void judge(String key, Judgement judgement);

    /** The newest revision of each of its warnings that is not withdrawn, by id. */
    Map<String, Warning> published();

    /** When it must be judged again though nothing comes. */
    long due();

    void due(long moment);
}
