package io.caravan.gateway.server;

import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.apache.pekko.pki.pem.DERPrivateKeyLoader;
import org.apache.pekko.pki.pem.PEMDecoder;
import org.apache.pekko.pki.pem.PEMLoadingException;

/** The key by which the server is known, from files, for HTTP and for gRPC. */
record ServerKey(KeyManagerFactory managers) {

    /**
     * Reads it.
     *
     * @throws GatewayStartException when it cannot be used; names the file
     */
    static ServerKey open(GatewaySettings.Tls settings) {
        char[] password = settings.password().toCharArray();
        try {
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(
                    settings.keystore().isEmpty() ? pem(settings, password) : pkcs12(settings, password), password);
            return new ServerKey(managers);
        } catch (IOException | GeneralSecurityException | PEMLoadingException e) {
            throw new GatewayStartException(
                    "the key of caravan.gateway.http.tls cannot be used (" + settings + "): " + e.getMessage()
                            + "; keystore is a PKCS #12 file with its password, or else cert and key are PEM files",
                    e);
        }
    }

    private static KeyStore pkcs12(GatewaySettings.Tls settings, char[] password)
            throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(Path.of(settings.keystore()))) {
            keys.load(in, password);
        }
        return keys;
    }

    private static KeyStore pem(GatewaySettings.Tls settings, char[] password)
            throws IOException, GeneralSecurityException {
        try (var in = Files.newInputStream(Path.of(settings.cert()))) {
            Certificate[] chain = CertificateFactory.getInstance("X.509")
                    .generateCertificates(in)
                    .toArray(Certificate[]::new);
            if (chain.length == 0) {
                throw new CertificateException(settings.cert() + " holds no certificate");
            }
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(null, password);
            keys.setKeyEntry("server", privateKey(settings, chain[0]), password, chain);
            return keys;
        }
    }

    /** Pekko's loader takes the older form of RSA keys, but of the usual form nothing else than RSA. */
    private static PrivateKey privateKey(GatewaySettings.Tls settings, Certificate certificate)
            throws IOException, GeneralSecurityException {
        PEMDecoder.DERData key = PEMDecoder.decode(Files.readString(Path.of(settings.key())));
        return key.label().equals("PRIVATE KEY")
                ? KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
                        .generatePrivate(new PKCS8EncodedKeySpec(key.bytes()))
                : DERPrivateKeyLoader.load(key);
    }

    /** For Pekko HTTP. */
    SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new GatewayStartException("TLS cannot be used: " + e.getMessage(), e);
        }
    }

    ServerCredentials grpcCredentials() {
        return TlsServerCredentials.newBuilder()
                .keyManager(managers.getKeyManagers())
                .build();
    }
}
