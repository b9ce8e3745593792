package io.caravan.gateway.grpc;

import io.grpc.Decompressor;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/**
 * Inflates messages of which nobody knows how large they become: so the longest is claimed for each before its first byte.
 * One for which there is no room is read as an empty message, after its call was refused.
 */
record MeasuredGzip(int maxMessageBytes) implements Decompressor {
    @Override
    public String getMessageEncoding() {
        return "gzip";
    }

    @Override
    public InputStream decompress(InputStream compressed) {
        return new Inflated(compressed);
    }

    private final class Inflated extends InputStream {
        private final InputStream compressed;
        private InputStream inflated = InputStream.nullInputStream();
        private boolean asked;

        private Inflated(InputStream compressed) {
            this.compressed = compressed;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] bytes, int offset, int count) throws IOException {
            if (!asked) {
                asked = true;
                if (Arrival.current().findsRoom(maxMessageBytes)) {
                    inflated = new GZIPInputStream(compressed);
                }
            }
            return inflated.read(bytes, offset, count);
        }

        @Override
        public void close() throws IOException {
            inflated.close();
            compressed.close();
        }
    }
}
