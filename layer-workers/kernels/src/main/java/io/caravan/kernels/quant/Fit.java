package io.caravan.kernels.quant;

/**
 * Searches how a group of elements is best written with few levels. Several spacings of the levels are tried; for each,
 * the elements take their nearest levels, and weighted least squares give the scale (and minimum) that suit those levels
 * best. The weights make large elements count more, because they move a dot product more. Deterministic.
 */
final class Fit {
    /** Spacings that {@link #line} tries, and by how many levels they differ. */
    private static final int LINE_TRIES = 21;

    private static final float LINE_STEP = 0.1f;

    /** Spacings that {@link #scale} tries on each side of the one that just reaches the extreme element. */
    private static final int SCALE_TRIES = 9;

    private static final float SCALE_STEP = 0.1f;

    private Fit() {}

    /** An element is {@code scale · q + minimum}; the scale is at least 0, the minimum at most 0. */
    record Line(float scale, float minimum) {}

    /** The line for levels 0 ... {@code most} of the elements {@code x[at ... at + count)}. */
    static Line line(float[] x, int at, int count, int most) {
        float least = 0;
        var largest = Float.NEGATIVE_INFINITY;
        var squares = 0d;
        for (var i = 0; i < count; i++) {
            least = Math.min(least, x[at + i]);
            largest = Math.max(largest, x[at + i]);
            squares += (double) x[at + i] * x[at + i];
        }
        if (!(largest > least)) {
            return new Line(0, least);
        }
        var typical = (float) Math.sqrt(squares / count);
        var moments = new Moments();
        for (var i = 0; i < count; i++) {
            moments.add(typical + Math.abs(x[at + i]), x[at + i]);
        }
        var best = new Line((largest - least) / most, least);
        var bestError = Double.POSITIVE_INFINITY;
        for (var i = 0; i < LINE_TRIES; i++) {
            // from the best minimum so far: it moves the levels of the tries that follow
            var origin = best.minimum();
            var inverse = (most - 1 + LINE_STEP * i) / (largest - origin);
            moments.clearLevels();
            for (var j = 0; j < count; j++) {
                var level = Math.clamp((int) (inverse * (x[at + j] - origin) + 0.5f), 0, most);
                moments.addLevel(typical + Math.abs(x[at + j]), x[at + j], level);
            }
            var line = moments.line();
            var error = moments.error(line);
            if (error < bestError) {
                best = line;
                bestError = error;
            }
        }
        return best;
    }

    /** The scale for levels −{@code zero} ... {@code zero} − 1 of the elements; 0 when all are 0. */
    static float scale(float[] x, int at, int count, int zero) {
        var extreme = 0f;
        for (var i = 0; i < count; i++) {
            if (Math.abs(x[at + i]) > Math.abs(extreme)) {
                extreme = x[at + i];
            }
        }
        if (extreme == 0) {
            return 0;
        }
        var best = extreme / -zero;
        var bestGain = 0d;
        for (var i = -SCALE_TRIES; i <= SCALE_TRIES; i++) {
            var inverse = -(zero + SCALE_STEP * i) / extreme;
            var product = 0d;
            var levelSquares = 0d;
            for (var j = 0; j < count; j++) {
                double value = x[at + j];
                var level = Math.clamp((int) Math.rint(inverse * x[at + j]), -zero, zero - 1);
                product += value * value * value * level;
                levelSquares += value * value * level * level;
            }
            var gain = product * product / levelSquares;
            if (gain > bestGain) {
                bestGain = gain;
                best = (float) (product / levelSquares);
            }
        }
        return best;
    }

    /** Weighted sums of elements x and levels q, from which both the best line and its error follow. */
    private static final class Moments {
        private double weights;
        private double x;
        private double xx;
        private double q;
        private double qq;
        private double xq;

        void add(float weight, float element) {
            var weighted = (double) weight * element;
            weights += weight;
            x += weighted;
            xx += weighted * element;
        }

        void clearLevels() {
            q = 0;
            qq = 0;
            xq = 0;
        }

        void addLevel(float weight, float element, int level) {
            var weighted = (double) weight * level;
            q += weighted;
            qq += weighted * level;
            xq += weighted * element;
        }

        Line line() {
            var determinant = weights * qq - q * q;
            var minimum = determinant > 0 ? (qq * x - q * xq) / determinant : 0;
            return minimum < 0
                    ? new Line((float) ((weights * xq - x * q) / determinant), (float) minimum)
                    : new Line(qq > 0 ? (float) (xq / qq) : 0, 0);
        }

        double error(Line line) {
            double scale = line.scale();
            double minimum = line.minimum();
            return xx
                    + scale * scale * qq
                    + minimum * minimum * weights
                    + 2 * (scale * minimum * q - scale * xq - minimum * x);
        }
    }
}
