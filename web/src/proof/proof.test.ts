import { client, ready, server } from '@serenity-kit/opaque';
import { beforeAll, expect, test } from 'vitest';
import { vectors } from '../vectors';

const { opaque } = vectors;

beforeAll(() => ready);

test('the page comes to the same key as the device in its recorded login', () => {
  const proof = client.finishLogin({
    clientLoginState: opaque.viewer_state,
    loginResponse: opaque.ke2,
    password: opaque.phrase,
    keyStretching: 'memory-constrained',
  });
  expect(proof?.sessionKey).toBe(opaque.session_key);
  expect(proof?.finishLoginRequest).toBe(opaque.ke3);
  expect(proof?.serverStaticPublicKey).toBe(opaque.device_key);
});

test('a wrong word, and the answer to another word, prove nothing', () => {
  const login = { clientLoginState: opaque.viewer_state, keyStretching: 'memory-constrained' as const };
  expect(client.finishLogin({ ...login, loginResponse: opaque.ke2_wrong, password: opaque.phrase })).toBeUndefined();
  const wrong = { ...login, loginResponse: opaque.ke2, password: 'garden-otter-violin-copper' };
  expect(client.finishLogin(wrong)).toBeUndefined();
});

test('a new login against the device’s record', () => {
  const { clientLoginState, startLoginRequest } = client.startLogin({ password: opaque.phrase });
  const answer = server.startLogin({
    serverSetup: opaque.setup,
    registrationRecord: opaque.record,
    startLoginRequest,
    userIdentifier: opaque.place,
  });
  const proof = client.finishLogin({
    clientLoginState,
    loginResponse: answer.loginResponse,
    password: opaque.phrase,
    keyStretching: 'memory-constrained',
  });
  const { serverLoginState } = answer;
  const finishLoginRequest = proof?.finishLoginRequest ?? '';
  expect(server.finishLogin({ serverLoginState, finishLoginRequest }).sessionKey).toBe(proof?.sessionKey);
});
