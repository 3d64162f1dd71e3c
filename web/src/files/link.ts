import { RpcError, type Control } from '../session/control';
import type { Peer } from '../session/peer';
import { Pace } from './pace';
import type { Link } from './wire';
import { Broken } from './wire-channel';

/** A live session, as transfers use it: calls are paced, and what is no answer of the device's is a break. */
export function linkOf(control: Control, peer: Peer): Link {
  const pace = new Pace();
  return {
    request: async (method, params, timeout) => {
      await pace.next();
      try {
        return await control.request(method, params, timeout);
      } catch (error) {
        if (error instanceof RpcError) throw error;
        throw new Broken();
      }
    },
    open: (label) => peer.open(label),
  };
}
