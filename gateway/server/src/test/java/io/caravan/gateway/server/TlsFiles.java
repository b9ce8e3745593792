package io.caravan.gateway.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A key of 127.0.0.1 in every form of file that the gateway takes. */
record TlsFiles(Path keystore, Path cert, Path key, KeyStore keys) {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    static TlsFiles in(Path folder) throws IOException, GeneralSecurityException, InterruptedException {
        Path keystore = folder.resolve("server.p12");
        var process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "a",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=gateway",
                        "-ext",
                        "san=ip:127.0.0.1",
                        "-storepass",
                        new String(PASSWORD),
                        "-keystore",
                        keystore.toString()))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("keytool.out").toFile())
                .start();
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new IOException(Files.readString(folder.resolve("keytool.out")));
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(keystore)) {
            keys.load(in, PASSWORD);
        }
        return new TlsFiles(
                keystore,
                pem(
                        folder.resolve("tls.crt"),
                        "CERTIFICATE",
                        keys.getCertificate("a").getEncoded()),
                pem(
                        folder.resolve("tls.key"),
                        "PRIVATE KEY",
                        keys.getKey("a", PASSWORD).getEncoded()),
                keys);
    }

    /** Settings of {@code http} that use the keystore. */
    String settings() {
        return "tls { keystore = \"" + keystore + "\", password = " + new String(PASSWORD) + " }";
    }

    /** For clients. */
    SSLContext trusting() {
        try {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, PASSWORD);
            trusted.setCertificateEntry("gateway", keys.getCertificate("a"));
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            var context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path pem(Path file, String label, byte[] content) throws IOException {
        var base64 = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
        return Files.writeString(
                file,
                "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(label, base64.encodeToString(content)));
    }
}
