package io.caravan.proto.frame;

import io.caravan.proto.step.SequenceFault;
import java.util.ArrayList;
import java.util.List;

/** The sequences that a step lost on its way, as bytes: id, and the reason in UTF-8 behind its length. */
final class FaultCodec {
    private static final int FAULT_BYTES = 8 + 4;

    private FaultCodec() {}

    static void write(List<SequenceFault> faults, PayloadWriter out) {
        out.int32(faults.size());
        for (int i = 0; i < faults.size(); i++) {
            out.int64(faults.get(i).sequenceId());
            out.text(faults.get(i).reason());
        }
    }

    static List<SequenceFault> read(PayloadReader in) {
        int count = in.count("faults", FAULT_BYTES);
        List<SequenceFault> faults = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            faults.add(new SequenceFault(in.int64(), in.text("reason")));
        }
        return faults;
    }
}
