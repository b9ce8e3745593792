package io.caravan.gateway.web;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.caravan.gateway.http.Outside;
import io.caravan.proto.actor.PipelineStatus;
import io.caravan.proto.actor.WorkerInfo;
import java.util.List;

/** {@link PipelineStatus} as JSON: for the page, for scripts, and for {@code caravan ps}. */
public final class StatusJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private StatusJson() {}

    /** The whole state, under the names of the records, and {@code notices} of what else is worth a look. */
    public static ObjectNode of(String model, PipelineStatus status, List<String> notices) {
        var json = JSON.createObjectNode()
                .put("model", model)
                .put("pipeline", status.pipeline())
                .put("serving", status.serving())
                .put("message", Outside.words(status.message()))
                .put("epoch", status.epoch())
                .put("waiting", status.waiting())
                .put("running", status.running())
                .put("kvBlocksUsed", status.kvBlocksUsed())
                .put("kvBlocksTotal", status.kvBlocksTotal())
                .put("maxSequenceTokens", status.maxSequenceTokens())
                .put("preemptions", status.preemptions())
                .put("recoveries", status.recoveries())
                .put("lastPauseNs", status.lastPauseNs())
                .put("stepCount", status.stepCount())
                .put("promptTokens", status.promptTokens())
                .put("completionTokens", status.completionTokens())
                .put("draftedTokens", status.draftedTokens())
                .put("acceptedTokens", status.acceptedTokens());
        var notes = json.putArray("notes");
        status.notes().forEach(notes::add);
        notices.stream().map(Outside::words).forEach(notes::add);
        var stages = json.putArray("stages");
        status.stages().forEach(stage -> stages.add(stage(stage)));
        var workers = json.putArray("workers");
        status.workers().forEach(worker -> workers.add(worker(worker)));
        return json;
    }

    private static ObjectNode stage(PipelineStatus.Stage stage) {
        return JSON.createObjectNode()
                .put("index", stage.index())
                .put("firstLayer", stage.layers().first())
                .put("endLayer", stage.layers().end())
                .put("worker", Outside.hostAndPort(stage.worker()))
                .put("state", stage.state().name())
                .put("loadedShare", stage.loadedShare())
                .put("kernels", stage.kernels())
                .put("weightBytes", stage.weights().bytes())
                .put("weights", stage.weights().form())
                .put("kvBytes", stage.kvBytes())
                .put("busyNs", stage.busyNs())
                .put("idleNs", stage.idleNs())
                .put("hopP50Ns", stage.hopP50Ns())
                .put("hopP99Ns", stage.hopP99Ns());
    }

    private static ObjectNode worker(WorkerInfo worker) {
        return JSON.createObjectNode()
                .put("address", Outside.hostAndPort(worker.address()))
                .put("name", worker.name())
                .put("version", worker.version())
                .put("pid", worker.pid())
                .put("threadCount", worker.threadCount())
                .put("memoryBytes", worker.memoryBytes())
                .put("bandwidthBytesPerSecond", worker.bandwidthBytesPerSecond())
                .put("kernels", worker.kernels());
    }
}
