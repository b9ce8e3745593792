package io.caravan.proto.frame;

import io.caravan.proto.step.StageTiming;
import java.util.ArrayList;
import java.util.List;

/** The stages' timings as bytes. */
final class TimingCodec {
    private static final int TIMING_BYTES = 4 + 8 + 8 + 8;

    private TimingCodec() {}

    static void write(List<StageTiming> timings, PayloadWriter out) {
        out.int32(timings.size());
        for (int i = 0; i < timings.size(); i++) {
            StageTiming timing = timings.get(i);
            out.int32(timing.stage());
            out.int64(timing.hopNs());
            out.int64(timing.waitNs());
            out.int64(timing.computeNs());
        }
    }

    static List<StageTiming> read(PayloadReader in) {
        int count = in.count("timings", TIMING_BYTES);
        List<StageTiming> timings = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            timings.add(new StageTiming(in.index("stage"), in.int64(), in.int64(), in.int64()));
        }
        return timings;
    }
}
