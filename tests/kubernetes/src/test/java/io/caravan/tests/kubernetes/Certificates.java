package io.caravan.tests.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Makes keys and certificates with the JDK's keytool, in PEM files and key stores under one folder. */
record Certificates(Path folder) {
    static final String PASSWORD = "changeit";

    /**
     * One identity.
     *
     * @param store PKCS #12, opened by {@link #PASSWORD}
     */
    record Identity(Path store, Path certificate, Path key) {}

    /** A certificate for {@code host} that it signed itself. */
    Identity selfSigned(String alias, String host) {
        generate(alias, "bc:c", "san=" + host);
        return identity(alias);
    }

    /** A certificate for {@code host} signed by {@code authority}, the alias of one that {@link #selfSigned} made. */
    Identity signed(String alias, String host, String authority) {
        generate(alias, "san=" + host);
        var request = folder.resolve(alias + ".csr");
        keytool(alias, "-certreq", "-alias", alias, "-file", request.toString());
        var signed = folder.resolve(alias + ".signed");
        keytool(
                authority,
                "-gencert",
                "-alias",
                authority,
                "-rfc",
                "-ext",
                "san=" + host,
                "-infile",
                request.toString(),
                "-outfile",
                signed.toString());
        keytool(
                alias,
                "-importcert",
                "-noprompt",
                "-alias",
                authority,
                "-file",
                identity(authority).certificate.toString());
        keytool(alias, "-importcert", "-noprompt", "-alias", alias, "-file", signed.toString());
        return identity(alias);
    }

    private void generate(String alias, String... extensions) {
        var arguments =
                new ArrayList<>(List.of("-genkeypair", "-alias", alias, "-keyalg", "RSA", "-dname", "CN=" + alias));
        for (String extension : extensions) {
            arguments.addAll(List.of("-ext", extension));
        }
        keytool(alias, arguments.toArray(String[]::new));
    }

    private Identity identity(String alias) {
        var store = folder.resolve(alias + ".p12");
        try (var in = Files.newInputStream(store)) {
            var keys = KeyStore.getInstance("PKCS12");
            keys.load(in, PASSWORD.toCharArray());
            return new Identity(
                    store,
                    pem(
                            alias + ".crt",
                            "CERTIFICATE",
                            keys.getCertificate(alias).getEncoded()),
                    pem(
                            alias + ".key",
                            "PRIVATE KEY",
                            keys.getKey(alias, PASSWORD.toCharArray()).getEncoded()));
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path pem(String file, String label, byte[] content) throws IOException {
        var base64 = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII))
                .encodeToString(content);
        return Files.writeString(
                folder.resolve(file), "-----BEGIN %1$s-----%n%2$s%n-----END %1$s-----%n".formatted(label, base64));
    }

    private void keytool(String store, String... arguments) {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of(
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                folder.resolve(store + ".p12").toString()));
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(output).isZero();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
