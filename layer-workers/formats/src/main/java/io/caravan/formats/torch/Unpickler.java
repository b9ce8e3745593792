package io.caravan.formats.torch;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.torch.PickleValue.Dict;
import io.caravan.formats.torch.PickleValue.Int;
import io.caravan.formats.torch.PickleValue.Items;
import io.caravan.formats.torch.PickleValue.Mark;
import io.caravan.formats.torch.PickleValue.Name;
import io.caravan.formats.torch.PickleValue.Other;
import io.caravan.formats.torch.PickleValue.Text;
import io.caravan.formats.torch.PickleValue.Tuple;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Runs the pickles of state dicts and nothing else. A pickle is a program for a stack machine that may call any function of
 * Python by its name, which is how such a file takes a computer over. This machine has no functions: the few names that it
 * lets in are those that PyTorch writes around a tensor, and what they would have made is put together here as plain data
 * ({@link StateDict}). Any other name, and any other instruction, is refused by its name.
 *
 * <p>Every instruction takes at least one byte and makes at most one value, and values are shared, never copied; so what is
 * made stays in proportion to the file.
 *
 * @see <a href="https://github.com/python/cpython/blob/main/Lib/pickletools.py">pickletools, which documents every
 *     instruction</a>
 */
final class Unpickler {
    private static final Set<String> LET_IN = Set.of(
            StateDict.ORDERED_DICT,
            StateDict.REBUILD_TENSOR,
            StateDict.REBUILD_PARAMETER,
            "torch.Size",
            "torch.device");

    private final String file;
    private final ByteBuffer bytes;
    private final List<PickleValue> stack = new ArrayList<>();
    private final Map<Integer, PickleValue> memo = new HashMap<>();

    private Unpickler(String file, ByteBuffer bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /**
     * What the pickle in {@code bytes} describes.
     *
     * @param file named in messages
     * @throws ModelFormatException when it is damaged or asks for anything but plain data and tensors
     */
    static PickleValue read(String file, byte[] bytes) {
        var unpickler =
                new Unpickler(file, ByteBuffer.wrap(bytes).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN));
        try {
            return unpickler.run();
        } catch (java.nio.BufferUnderflowException e) {
            throw new ModelFormatException(file + " ends in the middle of an instruction; fetch the file again", e);
        }
    }

    private PickleValue run() {
        while (true) {
            int at = bytes.position();
            int code = bytes.get() & 0xff;
            if (code == '.') {
                return pop();
            }
            if (!step(code)) {
                throw wrong("instruction 0x%02x at byte %d is not one that a state dict needs".formatted(code, at));
            }
        }
    }

    private boolean step(int code) {
        return data(code) || collection(code) || memory(code) || named(code);
    }

    /** Instructions that push a plain value. */
    private boolean data(int code) {
        switch (code) {
            case 0x80 -> skip(1); // the protocol's version
            case 0x95 -> skip(8); // a frame's length: frames only help those who read from a network
            case 'N', 0x88, 0x89 -> push(Other.OTHER);
            case 'G' -> {
                skip(8);
                push(Other.OTHER);
            }
            case 'J' -> push(new Int(bytes.getInt()));
            case 'K' -> push(new Int(bytes.get() & 0xff));
            case 'M' -> push(new Int(bytes.getShort() & 0xffff));
            case 0x8a -> push(new Int(longInteger()));
            case 'X' -> push(new Text(text(bytes.getInt() & 0xffffffffL)));
            case 0x8c -> push(new Text(text(bytes.get() & 0xff)));
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean collection(int code) {
        switch (code) {
            case '(' -> push(Mark.MARK);
            case '}' -> push(new Dict(new LinkedHashMap<>()));
            case ']' -> push(new Items(new ArrayList<>()));
            case ')' -> push(new Tuple(List.of()));
            case 't' -> push(new Tuple(popToMark()));
            case 0x85, 0x86, 0x87 -> push(new Tuple(popMany(code - 0x84)));
            case 's' -> put(popMany(2));
            case 'u' -> put(popToMark());
            case 'a' -> append(popMany(1));
            case 'e' -> append(popToMark());
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean memory(int code) {
        switch (code) {
            case 'q' -> memo.put(bytes.get() & 0xff, top());
            case 'r' -> memo.put(bytes.getInt(), top());
            case 0x94 -> memo.put(memo.size(), top());
            case 'h' -> push(remembered(bytes.get() & 0xff));
            case 'j' -> push(remembered(bytes.getInt()));
            default -> {
                return false;
            }
        }
        return true;
    }

    private boolean named(int code) {
        switch (code) {
            case 'c' -> push(letIn(line() + "." + line()));
            case 0x93 -> {
                List<PickleValue> names = popMany(2);
                push(letIn(textOf(names.get(0)) + "." + textOf(names.get(1))));
            }
            case 'Q' -> push(StateDict.storage(file, pop()));
            case 'R' -> {
                PickleValue arguments = pop();
                push(StateDict.made(file, pop(), arguments));
            }
            case 'b' -> pop(); // attributes of an object, such as the versions of modules: not weights
            default -> {
                return false;
            }
        }
        return true;
    }

    private Name letIn(String name) {
        if (!LET_IN.contains(name) && !StorageType.isNamed(name)) {
            throw wrong(
                    "it asks for \"" + abbreviate(name) + "\"; a file of weights needs none but PyTorch's tensors and"
                            + " storages, and nothing of what it asks was run");
        }
        return new Name(name);
    }

    private void put(List<PickleValue> keysAndValues) {
        if (!(top() instanceof Dict dict) || keysAndValues.size() % 2 != 0) {
            throw wrong("it puts " + keysAndValues.size() + " keys and values into " + top().kind());
        }
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            if (keysAndValues.get(i) instanceof Text key) {
                dict.entries().put(key.value(), keysAndValues.get(i + 1));
            }
        }
    }

    private void append(List<PickleValue> items) {
        if (!(top() instanceof Items list)) {
            throw wrong("it appends to " + top().kind());
        }
        list.items().addAll(items);
    }

    private PickleValue remembered(int index) {
        PickleValue value = memo.get(index);
        if (value == null) {
            throw wrong("it recalls value " + Integer.toUnsignedString(index) + ", which it never stored");
        }
        return value;
    }

    private void push(PickleValue value) {
        stack.add(value);
    }

    private PickleValue top() {
        if (stack.isEmpty()) {
            throw wrong("it takes from an empty stack");
        }
        return stack.getLast();
    }

    private PickleValue pop() {
        PickleValue value = top();
        stack.removeLast();
        return value;
    }

    private List<PickleValue> popMany(int count) {
        if (stack.size() < count) {
            throw wrong("it takes from an empty stack");
        }
        List<PickleValue> end = stack.subList(stack.size() - count, stack.size());
        List<PickleValue> taken = List.copyOf(end);
        end.clear();
        return taken;
    }

    private List<PickleValue> popToMark() {
        int mark = stack.size() - 1;
        while (mark >= 0 && stack.get(mark) != Mark.MARK) {
            mark--;
        }
        List<PickleValue> taken = popMany(stack.size() - 1 - mark);
        pop();
        return taken;
    }

    private void skip(int count) {
        for (int i = 0; i < count; i++) {
            bytes.get();
        }
    }

    private long longInteger() {
        int length = bytes.get() & 0xff;
        if (length > Long.BYTES) {
            throw wrong("it has an integer of " + length + " bytes");
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            byte next = bytes.get();
            value |= (i == length - 1 ? (long) next : next & 0xffL) << (8 * i);
        }
        return value;
    }

    private String text(long length) {
        if (length > bytes.remaining()) {
            throw wrong("it claims a string of " + length + " bytes, but only " + bytes.remaining() + " follow");
        }
        var encoded = new byte[(int) length];
        bytes.get(encoded);
        return new String(encoded, StandardCharsets.UTF_8);
    }

    private String line() {
        int start = bytes.position();
        while (bytes.get() != '\n') {
            // a name ends with its line
        }
        var encoded = new byte[bytes.position() - start - 1];
        bytes.get(start, encoded);
        return new String(encoded, StandardCharsets.UTF_8);
    }

    private String textOf(PickleValue value) {
        if (value instanceof Text text) {
            return text.value();
        }
        throw wrong("it names something by " + value.kind());
    }

    private static String abbreviate(String name) {
        return name.length() <= 80 ? name : name.substring(0, 80) + "…";
    }

    private ModelFormatException wrong(String what) {
        return new ModelFormatException(file + " is not a pickle of weights: " + what);
    }
}
