package io.caravan.worker.stage;

import io.caravan.proto.link.LinkEndpoint;
import io.caravan.proto.model.HeldWeights;
import java.util.ArrayList;
import java.util.List;

/** Writes down what a stage's thread reports. */
final class RecordingListener implements StageListener {
    private final List<String> events = new ArrayList<>();

    List<String> events() {
        return events;
    }

    @Override
    public void loading(long loadedBytes, long totalBytes) {
        events.add("loading " + loadedBytes + " of " + totalBytes);
    }

    @Override
    public void ready(LinkEndpoint inbox, String kernels, HeldWeights weights, long kvBytes) {
        events.add("ready");
    }

    @Override
    public void serving(long epoch) {
        events.add("serving " + epoch);
    }

    @Override
    public void drained(long epoch) {
        events.add("drained " + epoch);
    }

    @Override
    public void stepFailed(long epoch, long step, String reason, boolean goesOn) {
        events.add("step " + step + " of " + epoch + (goesOn ? ": " : " broke the stage: ") + reason);
    }

    @Override
    public void failed(String reason) {
        events.add("failed " + reason);
    }

    @Override
    public void closed() {
        events.add("closed");
    }
}
