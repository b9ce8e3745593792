package io.caravan.cli.cluster;

import io.caravan.cli.CliException;
import io.caravan.gateway.tokenizer.ServedModel;
import io.caravan.gateway.tokenizer.Tokenizer;
import io.caravan.kernels.HostDevice;
import io.caravan.kernels.KernelChoice;
import io.caravan.proto.model.ModelSpec;
import io.caravan.scheduler.actor.SpeculativeSettings;
import io.caravan.worker.draft.DraftModel;
import java.nio.file.Files;
import java.nio.file.Path;

/** The model that guesses for the served one, on this process's host. */
final class DraftModels {
    private DraftModels() {}

    /**
     * Loads it. It runs on whatever kernels this process has: a guess need not have the workers' bits.
     *
     * @param served folder of the served model
     * @throws CliException where the two do not write text in the same tokens
     */
    static DraftModel open(SpeculativeSettings settings, Path served, ModelSpec spec) {
        Path folder = Path.of(settings.model()).toAbsolutePath().normalize();
        if (!Files.isDirectory(folder)) {
            throw new CliException("there is no folder " + folder + " with a draft model");
        }
        var draft = DraftModel.open(
                folder, spec, () -> HostDevice.open(KernelChoice.AUTO, settings.threads()), settings.kvTokens());
        try {
            requireSameTokens(
                    folder,
                    ServedModel.open(folder).tokenizer(),
                    ServedModel.open(served).tokenizer(),
                    spec.vocabSize());
        } catch (RuntimeException wrong) {
            draft.close();
            throw wrong;
        }
        return draft;
    }

    /**
     * Guesses of other tokens would all be wrong, and nobody would know why nothing gets faster. A model without a tokenizer
     * has no pieces to compare.
     */
    private static void requireSameTokens(Path folder, Tokenizer draft, Tokenizer served, int vocabSize) {
        for (int id = 0; id < vocabSize; id++) {
            String drafted = draft.piece(id);
            String expected = served.piece(id);
            if (!drafted.isEmpty() && !expected.isEmpty() && !drafted.equals(expected)) {
                throw new CliException("the draft model in " + folder + " has another tokenizer: its token " + id
                        + " is '" + drafted + "', the served model's is '" + expected + "'");
            }
        }
    }
}
