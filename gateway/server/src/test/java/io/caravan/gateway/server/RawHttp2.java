package io.caravan.gateway.server;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Frames of HTTP/2 as a client may write them that does not finish what it begins. */
record RawHttp2(Socket socket) {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int END_HEADERS = 4;
    private static final int MAX_FRAME_BYTES = 16 << 10;

    /** Begins to talk, with no word of what else has to be known first. */
    RawHttp2 begin() throws IOException {
        socket.getOutputStream().write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, new byte[0]);
        return this;
    }

    /** Begins a call. */
    RawHttp2 call(int stream, String method) throws IOException {
        var headers = new ByteArrayOutputStream();
        header(headers, ":method", "POST");
        header(headers, ":scheme", "http");
        header(headers, ":path", "/caravan.v1.Caravan/" + method);
        header(headers, ":authority", "x");
        header(headers, "content-type", "application/grpc");
        header(headers, "te", "trailers");
        frame(HEADERS, END_HEADERS, stream, headers.toByteArray());
        return this;
    }

    /** The head of a message, and as much of it as {@code sent}. */
    RawHttp2 message(int stream, int length, byte[] sent) throws IOException {
        frame(
                DATA,
                0,
                stream,
                ByteBuffer.allocate(5).put((byte) 0).putInt(length).array());
        for (int from = 0; from < sent.length; from += MAX_FRAME_BYTES) {
            byte[] piece = new byte[Math.min(MAX_FRAME_BYTES, sent.length - from)];
            System.arraycopy(sent, from, piece, 0, piece.length);
            frame(DATA, 0, stream, piece);
        }
        return this;
    }

    /** Waits until the call is answered, as far as the socket's timeout lets it. */
    void awaitAnswer(int stream) throws IOException {
        var in = new DataInputStream(socket.getInputStream());
        int type;
        int about;
        do {
            int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
            type = in.readUnsignedByte();
            in.readUnsignedByte();
            about = in.readInt();
            in.skipNBytes(length);
        } while (type != HEADERS || about != stream);
    }

    /** As literals that nobody has to remember. */
    private static void header(ByteArrayOutputStream headers, String name, String value) {
        headers.write(0);
        for (String each : new String[] {name, value}) {
            headers.write(each.length());
            headers.writeBytes(each.getBytes(StandardCharsets.US_ASCII));
        }
    }

    private void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        socket.getOutputStream()
                .write(ByteBuffer.allocate(9 + payload.length)
                        .put((byte) (payload.length >> 16))
                        .putShort((short) payload.length)
                        .put((byte) type)
                        .put((byte) flags)
                        .putInt(stream)
                        .put(payload)
                        .array());
    }
}
