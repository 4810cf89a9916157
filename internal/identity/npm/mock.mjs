// Runs oauth2-mock-server as an issuer of job tokens. Told on standard input, one JSON object a line: {claims, kid} for a token, or
// {rotate: "ES256"} for a new key; answers with the token, or with the key's id. A claim of null is taken out. The first line
// printed is the issuer.
import { createInterface } from 'node:readline';
import { OAuth2Server } from 'oauth2-mock-server';

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256', { kid: 'r1' });
await server.start(0, '127.0.0.1');
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
console.log(server.issuer.url);

for await (const line of createInterface({ input: process.stdin })) {
  const { claims, kid, rotate } = JSON.parse(line);
  if (rotate) {
    console.log((await server.issuer.keys.generate(rotate)).kid);
    continue;
  }
  const put = (_, payload) => {
    for (const [name, value] of Object.entries(claims)) {
      if (value === null) delete payload[name];
      else payload[name] = value;
    }
  };
  console.log(await server.issuer.buildToken({ kid: kid ?? 'r1', scopesOrTransform: put }));
}
await server.stop();
