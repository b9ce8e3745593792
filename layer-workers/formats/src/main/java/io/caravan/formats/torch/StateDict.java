package io.caravan.formats.torch;

import io.caravan.formats.ModelFormatException;
import io.caravan.formats.torch.PickleValue.Dict;
import io.caravan.formats.torch.PickleValue.Int;
import io.caravan.formats.torch.PickleValue.Items;
import io.caravan.formats.torch.PickleValue.Name;
import io.caravan.formats.torch.PickleValue.Other;
import io.caravan.formats.torch.PickleValue.Storage;
import io.caravan.formats.torch.PickleValue.Text;
import io.caravan.formats.torch.PickleValue.Tuple;
import io.caravan.formats.torch.PickleValue.View;
import java.util.LinkedHashMap;
import java.util.List;

/** What the names that an {@link Unpickler} lets in stand for, as data. */
final class StateDict {
    static final String ORDERED_DICT = "collections.OrderedDict";
    static final String REBUILD_TENSOR = "torch._utils._rebuild_tensor_v2";
    static final String REBUILD_PARAMETER = "torch._utils._rebuild_parameter";

    /** Weights have two; without a bound, a short file could make one long list into many. */
    private static final int MAX_DIMENSIONS = 8;

    private StateDict() {}

    /** A storage from its persistent id: ("storage", class, key, device, element count). */
    static Storage storage(String file, PickleValue id) {
        if (id instanceof Tuple(var items)
                && items.size() == 5
                && items.get(0) instanceof Text(var what)
                && what.equals("storage")
                && items.get(1) instanceof Name(var type)
                && StorageType.isNamed(type)
                && items.get(2) instanceof Text(var key)
                && items.get(4) instanceof Int(var count)
                && count >= 0) {
            return new Storage(StorageType.named(type), key, count);
        }
        throw new ModelFormatException(file + " refers to data by " + id.kind()
                + " that is not (\"storage\", class, key, device, element count)");
    }

    /** What calling {@code name} would have made. */
    static PickleValue made(String file, PickleValue name, PickleValue arguments) {
        if (name instanceof Name(var called) && arguments instanceof Tuple(var items)) {
            switch (called) {
                case ORDERED_DICT -> {
                    if (items.isEmpty()) {
                        return new Dict(new LinkedHashMap<>());
                    }
                }
                case REBUILD_TENSOR -> {
                    if (items.size() >= 4
                            && items.get(0) instanceof Storage storage
                            && items.get(1) instanceof Int(var offset)) {
                        return new View(storage, offset, sizes(file, items.get(2)), sizes(file, items.get(3)));
                    }
                }
                case REBUILD_PARAMETER -> {
                    if (!items.isEmpty() && items.get(0) instanceof View tensor) {
                        return tensor;
                    }
                }
                case "torch.Size" -> {
                    if (items.size() == 1) {
                        return new Tuple(items(file, items.get(0)));
                    }
                }
                case "torch.device" -> {
                    return Other.OTHER;
                }
                default -> {} // a storage's class is named, never called
            }
        }
        throw new ModelFormatException(
                file + " calls " + name.kind() + " with " + arguments.kind() + " that does not belong to it");
    }

    private static List<PickleValue> items(String file, PickleValue list) {
        return switch (list) {
            case Tuple(var items) -> items;
            case Items(var items) -> items;
            default -> throw new ModelFormatException(file + " has " + list.kind() + " where sizes belong");
        };
    }

    private static List<Long> sizes(String file, PickleValue list) {
        List<PickleValue> items = items(file, list);
        if (items.size() > MAX_DIMENSIONS) {
            throw new ModelFormatException(file + " has a tensor of " + items.size() + " dimensions");
        }
        return items.stream()
                .map(item -> {
                    if (item instanceof Int(var size) && size >= 0) {
                        return size;
                    }
                    throw new ModelFormatException(
                            file + " has " + item.kind() + " where a size of at least 0 belongs");
                })
                .toList();
    }
}
