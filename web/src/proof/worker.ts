/**
 * The worker that proves the word: OPAQUE (RFC 9807) in WebAssembly. Stretching takes a quarter of a second of one core
 * and 64 MiB; the page stays fluid meanwhile. The session key leaves this worker only as a key that cannot be read.
 */

import './module';
import { client, ready } from '@serenity-kit/opaque';
import { decode } from '../signal/base64url';
import type { FromProver, ToProver } from './wire';

interface Login {
  id: number;
  phrase: string;
  state: string;
}

let login: Login | undefined;
let queue: Promise<void> = ready.catch(() => undefined);

// Messages wait for the module, and for each other.
self.onmessage = (event: MessageEvent<ToProver>): void => {
  const message = event.data;
  if (message.op === 'load') return;
  queue = queue.then(async () => {
    let answer: FromProver;
    try {
      answer = message.op === 'start' ? start(message.id, message.phrase) : await finish(message.id, message.ke2);
    } catch (error) {
      answer = { id: message.id, op: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
    self.postMessage(answer);
  });
};

function start(id: number, phrase: string): FromProver {
  const { clientLoginState, startLoginRequest } = client.startLogin({ password: phrase });
  login = { id, phrase, state: clientLoginState };
  return { id, op: 'started', ke1: startLoginRequest };
}

async function finish(id: number, ke2: string): Promise<FromProver> {
  if (login?.id !== id) throw new Error('this login has been replaced');
  const { phrase, state } = login;
  login = undefined;
  const result = client.finishLogin({
    clientLoginState: state,
    loginResponse: ke2,
    password: phrase,
    keyStretching: 'memory-constrained',
  });
  if (!result) return { id, op: 'wrong-word' };
  const raw = decode(result.sessionKey);
  const sessionKey = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);
  raw.fill(0);
  return { id, op: 'proved', ke3: result.finishLoginRequest, deviceKey: result.serverStaticPublicKey, sessionKey };
}
