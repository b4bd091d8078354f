// Runs npm's oidc-provider, with its own pages for login and consent, as the identity provider of a company. Settings, issuer and
// end are as in ../provider.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';

const input = createInterface({ input: process.stdin });
input.once('line', (line) => serve(JSON.parse(line)));
input.once('close', () => process.exit(0));

function serve({ People, Clients }) {
  const server = createServer();
  server.listen(0, '127.0.0.1', () => {
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const provider = new Provider(issuer, {
      clients: Clients.map((c) => ({ client_id: c.ID, client_secret: c.Secret, redirect_uris: [c.Redirect] })),
      claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
      cookies: { keys: [randomBytes(32).toString('hex')] },
      jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'company', use: 'sig', alg: 'RS256' }] },
      findAccount: (_, id) => (People.includes(id) ? {
        accountId: id,
        claims: () => ({ sub: id, preferred_username: id, email: id, email_verified: true }),
      } : undefined),
    });
    server.on('request', provider.callback());
    console.log(issuer);
  });
}
