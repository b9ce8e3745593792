package io.caravan.cli.process;

import org.jline.utils.Signals;

/** The process that started this one and is not to be outlived. */
public final class Parent {
    private Parent() {}

    /**
     * Ends this process as soon as process {@code pid} has ended, and leaves Ctrl-C at the terminal that both share to
     * that one; does nothing where {@code pid} is 0.
     */
    public static void endWith(long pid) {
        if (pid == 0) {
            return;
        }
        Signals.register("INT", () -> {});
        ProcessHandle.of(pid).ifPresentOrElse(parent -> parent.onExit().thenRun(Parent::end), Parent::end);
    }

    /** At once: what this process could still do for anybody went with its parent. */
    private static void end() {
        Runtime.getRuntime().halt(1);
    }
}
