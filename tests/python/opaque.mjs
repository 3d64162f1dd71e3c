// OPAQUE for client.py, from the page's package: a JSON object a line in, one a line out.
//
//   {"password": "..."}  ->  {"ke1": "..."}
//   {"ke2": "..."}       ->  {"ke3": "...", "session_key": "..."}, or {} where the word is wrong

import { createInterface } from 'node:readline';
import { client, ready } from '@serenity-kit/opaque';

await ready;
let password = '';
let clientLoginState = '';
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer = {};
  if (asked.password !== undefined) {
    password = asked.password;
    const started = client.startLogin({ password });
    clientLoginState = started.clientLoginState;
    answer = { ke1: started.startLoginRequest };
  } else {
    const loginResponse = asked.ke2;
    const done = client.finishLogin({ clientLoginState, loginResponse, password, keyStretching: 'memory-constrained' });
    if (done) answer = { ke3: done.finishLoginRequest, session_key: done.sessionKey };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
