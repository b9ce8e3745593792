package io.caravan.gateway.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.apache.pekko.http.javadsl.ConnectionContext;
import org.apache.pekko.http.javadsl.HttpsConnectionContext;

/** The server's key, from a file. */
final class TlsContext {
    private TlsContext() {}

    static HttpsConnectionContext open(GatewaySettings.Tls settings) {
        Path file = Path.of(settings.keystore());
        char[] password = settings.password().toCharArray();
        try (var in = Files.newInputStream(file)) {
            KeyStore keys = KeyStore.getInstance("PKCS12");
            keys.load(in, password);
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, password);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            return ConnectionContext.httpsServer(context);
        } catch (IOException | GeneralSecurityException e) {
            throw new GatewayStartException(
                    "the key in " + file + " (caravan.gateway.http.tls.keystore) cannot be used: " + e.getMessage()
                            + "; it has to be a PKCS #12 file, and tls.password its password",
                    e);
        }
    }
}
