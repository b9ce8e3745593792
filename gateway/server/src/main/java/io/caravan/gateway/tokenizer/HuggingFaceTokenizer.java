package io.caravan.gateway.tokenizer;

import io.caravan.proto.sequence.TokenIds;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The tokenizers library, from a {@code tokenizer.json} and without a network. */
public final class HuggingFaceTokenizer implements Tokenizer {
    /** Name of the file in a model folder. */
    public static final String FILE = "tokenizer.json";

    static {
        // DJL would tell its makers of each start from a cloud machine
        System.setProperty("OPT_OUT_TRACKING", "true");
    }

    private final Source source;
    private final ai.djl.huggingface.tokenizers.HuggingFaceTokenizer library;
    private final BeginPolicy begin;
    private final List<AddedToken> added;
    private final long anchor;
    private final String anchorText;
    private final Map<Integer, String> pieces = new ConcurrentHashMap<>();

    private HuggingFaceTokenizer(
            Source source, ai.djl.huggingface.tokenizers.HuggingFaceTokenizer library, List<AddedToken> added) {
        this.source = source;
        this.library = library;
        this.begin = BeginPolicy.of(source.config(), library);
        this.added = added;
        long[] ids = library.encode("a", false, false).getIds();
        this.anchor = ids[ids.length - 1];
        this.anchorText = library.decode(new long[] {anchor}, false);
    }

    /**
     * The tokenizer of a model folder.
     *
     * @throws TokenizerException when the file is missing or cannot be read
     */
    public static HuggingFaceTokenizer open(Path directory, TokenizerConfig config) {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new TokenizerException(directory + " has no " + FILE);
        }
        try {
            return read(file.toString(), Files.readAllBytes(file), config);
        } catch (IOException e) {
            throw new TokenizerException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * The tokenizer that {@code json} describes, the text of a {@code tokenizer.json}.
     *
     * @param source named in messages
     * @throws TokenizerException when it is not one that can be read
     */
    static HuggingFaceTokenizer read(String source, byte[] json, TokenizerConfig config) {
        try {
            var library = ai.djl.huggingface.tokenizers.HuggingFaceTokenizer.newInstance(
                    new ByteArrayInputStream(json),
                    Map.of("truncation", "false", "padding", "false", "modelMaxLength", "" + Integer.MAX_VALUE));
            return new HuggingFaceTokenizer(new Source(source, json, config), library, AddedToken.read(json));
        } catch (IOException | RuntimeException e) {
            throw new TokenizerException(source + " is not a tokenizer that can be read: " + e.getMessage(), e);
        }
    }

    @Override
    public TokenIds encode(String text, boolean addSpecialTokens) {
        if (!addSpecialTokens) {
            return ids(library.encode(text, false, false).getIds());
        }
        return switch (begin.rule()) {
            case BY_FILE -> ids(library.encode(text, true, false).getIds());
            case NEVER -> ids(library.encode(text, false, false).getIds());
            case ONCE -> {
                TokenIds plain = ids(library.encode(text, false, false).getIds());
                boolean begun = !plain.isEmpty() && plain.get(0) == begin.bosId();
                yield begun ? plain : TokenIds.of(begin.bosId()).concat(plain);
            }
        };
    }

    @Override
    public TokenIds encodeRendered(String text) {
        return encode(text, begin.rule() == BeginPolicy.Rule.ONCE);
    }

    @Override
    public String decode(TokenIds ids) {
        return library.decode(ids.stream().asLongStream().toArray(), true);
    }

    @Override
    public String piece(int id) {
        return pieces.computeIfAbsent(id, each -> {
            // behind another token, because decoders strip the space that begins a text
            String both = library.decode(new long[] {anchor, each}, false);
            return both.startsWith(anchorText)
                    ? both.substring(anchorText.length())
                    : library.decode(new long[] {each}, false);
        });
    }

    @Override
    public List<AddedToken> addedTokens() {
        return added;
    }

    @Override
    public Tokenizer renamed(Map<String, String> names) {
        try {
            return read(
                    source.name(),
                    RenamedTokens.in(source.json(), names),
                    source.config().renamed(names));
        } catch (IOException e) {
            throw new TokenizerException(source.name() + " cannot be read again: " + e.getMessage(), e);
        }
    }

    /** What the tokenizer was made of. */
    private record Source(String name, byte[] json, TokenizerConfig config) {}

    private static TokenIds ids(long[] ids) {
        int[] narrow = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            narrow[i] = (int) ids[i];
        }
        return TokenIds.of(narrow);
    }

    /** Who puts BOS in front: {@code tokenizer_config.json} where it says so, else {@code tokenizer.json}. */
    private record BeginPolicy(Rule rule, int bosId) {
        enum Rule {
            BY_FILE,
            ONCE,
            NEVER
        }

        static BeginPolicy of(TokenizerConfig config, ai.djl.huggingface.tokenizers.HuggingFaceTokenizer library) {
            return switch (config.beginning()) {
                case UNSAID -> new BeginPolicy(Rule.BY_FILE, 0);
                case WITHOUT_BOS -> new BeginPolicy(Rule.NEVER, 0);
                case WITH_BOS -> {
                    long[] ids = library.encode(config.bosToken(), false, false).getIds();
                    yield ids.length == 1 ? new BeginPolicy(Rule.ONCE, (int) ids[0]) : new BeginPolicy(Rule.BY_FILE, 0);
                }
            };
        }
    }
}
