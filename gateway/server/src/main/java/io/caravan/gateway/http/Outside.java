package io.caravan.gateway.http;

import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What may be told to those outside. Reasons of the pipeline and of libraries are written for its operators: they name
 * actors' addresses, paths of files and classes of exceptions. Who asks over the network learns what is wrong in general
 * words; the log has the rest.
 */
public final class Outside {
    private static final Logger LOG = LoggerFactory.getLogger(Outside.class);

    /** Characters of a client's own value that an error repeats. */
    static final int MAX_ECHO_CHARS = 200;

    /** Longest message; what is cut has repeated more than one value. */
    public static final int MAX_MESSAGE_CHARS = 600;

    private static final Pattern ADDRESS = Pattern.compile("\\b(?:pekko|akka)(?:\\.\\w+)?://[^\\s,;\"'\\])}]+");
    private static final Pattern EXCEPTION =
            Pattern.compile("\\b(?:[a-z][\\w$]*\\.)+(?:[A-Za-z]\\w*\\$)*([A-Z]\\w*?)(?:Exception|Error)?\\b(?!\\()");
    private static final Pattern BARE_EXCEPTION = Pattern.compile("\\b([A-Z][a-z]\\w*?)(?:Exception|Error)\\b");
    private static final Pattern PATH = Pattern.compile(
            "(?<![\\w.:/<])(?:[A-Za-z]:\\\\|/)(?:[^\\s/\\\\:;,\"'<>()]+[/\\\\])+([^\\s/\\\\:;,\"'<>()]*)");

    private Outside() {}

    /** {@code inside} without what only operators may know. */
    public static String words(String inside) {
        String text = cut(inside, MAX_MESSAGE_CHARS);
        text = ADDRESS.matcher(text).replaceAll("a member of the cluster");
        text = EXCEPTION.matcher(text).replaceAll(Outside::spelt);
        text = BARE_EXCEPTION.matcher(text).replaceAll(Outside::spelt);
        return PATH.matcher(text).replaceAll("$1");
    }

    /** The same for the request {@code id}, under which the log has what was left out. */
    public static String told(String inside, String id) {
        String words = words(inside);
        if (words.equals(inside)) {
            return words;
        }
        LOG.warn("Request {}: {}", id, inside);
        return words + " (request " + id + ")";
    }

    /** A value that a client sent, as an error may repeat it. */
    public static String echo(String value) {
        return cut(value, MAX_ECHO_CHARS);
    }

    /** Where a member is, without the way that actors write it; for who has a key. */
    public static String hostAndPort(String actorAddress) {
        return actorAddress.substring(actorAddress.lastIndexOf('@') + 1);
    }

    public static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return text.substring(0, end) + "…";
    }

    /** {@code NoSuchFile} as "no such file". */
    private static String spelt(MatchResult name) {
        return name.group(1)
                .replaceAll("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ")
                .toLowerCase(Locale.ROOT);
    }
}
