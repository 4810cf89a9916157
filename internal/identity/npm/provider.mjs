// Runs oidc-provider as an issuer of job tokens: access tokens as JWTs, for a client that stands for a pipeline. Told on standard
// input, one JSON object a line: {claims, alg, audience, ttl}; answers with the token. The first line printed is the issuer.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwk = (pair, kid, alg) => ({ ...pair.privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' });
const pem = createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'pem' });

let order = {};
let handle;
const server = createServer((request, response) => handle(request, response));
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

// The public key as a shared secret is the classic confusion of algorithms.
const sign = () => order.alg === 'HS256'
  ? { alg: 'HS256', kid: 'r1', key: createSecretKey(Buffer.from(pem)) }
  : { alg: order.alg ?? 'RS256' };

const provider = new Provider(issuer, {
  clients: [{ client_id: 'pipeline', client_secret: 'secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
  jwks: { keys: [jwk(rsa, 'r1', 'RS256'), jwk(ec, 'e1', 'ES256')] },
  extraTokenClaims: () => order.claims,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: '', audience: order.audience ?? 'shiphabit', accessTokenTTL: order.ttl ?? 300, accessTokenFormat: 'jwt', jwt: { sign: sign() },
      }),
    },
  },
});
handle = provider.callback();
console.log(issuer);

for await (const line of createInterface({ input: process.stdin })) {
  order = JSON.parse(line);
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('pipeline:secret')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&resource=https%3A%2F%2Fgate.example',
  });
  const { access_token: token, ...rest } = await answer.json();
  console.log(token ?? JSON.stringify(rest));
}
process.exit(0);
