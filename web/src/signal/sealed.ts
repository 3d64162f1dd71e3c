/** What travels sealed between page and device, unseen by the rendezvous. */

export type Sealed =
  | { kind: 'offer'; sdp: string }
  | { kind: 'answer'; sdp: string }
  | { kind: 'candidate'; candidate: string; sdpMid?: string; sdpMLineIndex?: number }
  | { kind: 'end-of-candidates' }
  | { kind: 'error'; message: string };

/** Reads an opened message. Throws when it is none of ours. */
export function decodeSealed(text: string): Sealed {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('the sealed message is no object');
  const fields = value as Record<string, unknown>;
  const kind = fields.kind;
  if ((kind === 'offer' || kind === 'answer') && typeof fields.sdp === 'string') return { kind, sdp: fields.sdp };
  if (kind === 'candidate' && typeof fields.candidate === 'string') {
    return {
      kind,
      candidate: fields.candidate,
      ...(typeof fields.sdpMid === 'string' ? { sdpMid: fields.sdpMid } : {}),
      ...(typeof fields.sdpMLineIndex === 'number' ? { sdpMLineIndex: fields.sdpMLineIndex } : {}),
    };
  }
  if (kind === 'end-of-candidates') return { kind };
  if (kind === 'error' && typeof fields.message === 'string') return { kind, message: fields.message };
  throw new Error('the sealed message is of a kind that this page does not know');
}
