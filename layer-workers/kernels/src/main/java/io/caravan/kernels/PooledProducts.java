package io.caravan.kernels;

import io.caravan.proto.model.ActivationChoice;
import java.util.List;

/**
 * Matrix products over the threads of a pool: products of the same activations are one run of it, cut into parts of some
 * columns each.
 */
final class PooledProducts {

    /** Columns of a part: as many as fill a processor's cache with weights, or half of it where threads would get few parts. */
    private static final int PART_COLUMNS = 64;

    /** Parts that each thread should have of a product, so that one that lost its core does not hold up the others. */
    private static final int THREAD_PARTS = 16;

    /** So many rows read weights once in one call, however many columns it has; more read them anew for each panel of rows. */
    private static final int ONE_PANEL_ROWS = 8;

    /** Parts that a thread takes at a time then: calls cost as much as a tenth of a part of few rows. */
    private static final int PARTS_TOGETHER = 8;

    private final HostProvider provider;
    private final ComputePool pool;
    private final ActivationChoice activations;
    private final PreparedRows prepared;

    PooledProducts(HostProvider provider, ComputePool pool, ActivationChoice activations) {
        this.provider = provider;
        this.pool = pool;
        this.activations = activations;
        this.prepared = new PreparedRows(provider, pool);
    }

    /** outs[i] = x · ws[i]ᵀ for each product, of the first {@code rows} rows; their sizes are right. */
    void compute(List<Tensor> outs, Tensor x, List<Tensor> ws, int rows) {
        var products = new Product[ws.size()];
        var partCount = 0;
        for (var i = 0; i < products.length; i++) {
            var input = input(ws.get(i), x, rows, products);
            products[i] = Product.of(outs.get(i), input, ws.get(i), pool.threads(), partCount);
            partCount += products[i].partCount();
        }
        pool.run(partCount, new Work(provider, products, rows));
    }

    /** The activations for products with {@code w}, which products before it may share. */
    private Prepared input(Tensor w, Tensor x, int rows, Product[] before) {
        var form = provider.form(w, rows);
        var precision = Activations.of(activations, w.type());
        for (var other : before) {
            if (other != null && other.x().form() == form && other.x().precision() == precision) {
                return other.x();
            }
        }
        return prepared.of(form, precision, x, rows);
    }

    /** A product cut into parts of some columns each, numbered from {@code firstPart} on. */
    private record Product(Tensor out, Prepared x, Tensor w, int partColumns, int firstPart, int partCount) {

        static Product of(Tensor out, Prepared x, Tensor w, int threads, int firstPart) {
            var n = Math.toIntExact(w.rows());
            var columns = n * w.columns() * x.rows() <= HostKernels.PART_WORK ? n : partColumns(n, threads);
            return new Product(out, x, w, columns, firstPart, Math.ceilDiv(n, columns));
        }

        private static int partColumns(int n, int threads) {
            return n < PART_COLUMNS * THREAD_PARTS * threads ? PART_COLUMNS / 2 : PART_COLUMNS;
        }

        /** Computes those of the parts [from, to) that are its own, at once. */
        void compute(HostProvider provider, int thread, int from, int to) {
            var first = Math.max(from - firstPart, 0);
            var end = Math.min(to - firstPart, partCount);
            if (first < end) {
                var columnsEnd = Math.min(w.rows(), (long) end * partColumns);
                provider.matmul(thread, out, x, w, first * partColumns, (int) columnsEnd);
            }
        }
    }

    private record Work(HostProvider provider, Product[] products, int rows) implements ComputePool.Work {
        @Override
        public int together() {
            return rows > ONE_PANEL_ROWS ? 1 : PARTS_TOGETHER;
        }

        @Override
        public void part(int thread, int part) {
            parts(thread, part, part + 1);
        }

        @Override
        public void parts(int thread, int from, int to) {
            for (var product : products) {
                product.compute(provider, thread, from, to);
            }
        }
    }
}
