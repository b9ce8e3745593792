package io.caravan.formats.torch;

import java.util.List;
import java.util.Map;

/** What the pickle of a state dict can hold. None of these compares or prints what it contains, which may be nested deeply. */
sealed interface PickleValue {

    /** Where a run of items begins on the stack. */
    enum Mark implements PickleValue {
        MARK
    }

    /** Values of which only the place matters: none, truth values, floats. */
    enum Other implements PickleValue {
        OTHER
    }

    record Text(String value) implements PickleValue {}

    record Int(long value) implements PickleValue {}

    /** A class or function, by its name; one of those that {@link Unpickler} lets in. */
    record Name(String name) implements PickleValue {}

    record Tuple(List<PickleValue> items) implements PickleValue {}

    record Items(List<PickleValue> items) implements PickleValue {}

    /** A dictionary; entries whose keys are not strings are no one's concern here and are left out. */
    record Dict(Map<String, PickleValue> entries) implements PickleValue {}

    /**
     * A run of elements in a file of the archive.
     *
     * @param key the file's name below {@code data/}
     */
    record Storage(StorageType type, String key, long elementCount) implements PickleValue {}

    /**
     * A view of a storage.
     *
     * @param offset elements before the first
     * @param strides elements from one index to the next, outermost first
     */
    record View(Storage storage, long offset, List<Long> shape, List<Long> strides) implements PickleValue {}

    /** What to call it in a message. */
    default String kind() {
        return switch (this) {
            case Mark mark -> "a mark";
            case Other other -> "another value";
            case Text text -> "a string";
            case Int number -> "an integer";
            case Name name -> name.name();
            case Tuple tuple -> "a tuple";
            case Items items -> "a list";
            case Dict dict -> "a dictionary";
            case Storage storage -> "a storage";
            case View view -> "a tensor";
        };
    }
}
