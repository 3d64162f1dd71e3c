/**
 * What runs in the page before its own code: it times the transfers that pass its data channels, and changes nothing
 * about them. Playwright sends it as text, so it may use nothing from outside.
 */

export interface Timed {
  /** Of the first byte of the file, milliseconds. */
  first?: number;
  /** Of the message that the whole has arrived, milliseconds. */
  done?: number;
  /** Bytes of the file that came or left. */
  bytes: number;
}

declare global {
  interface Window {
    /** Every transfer of this page, in order. */
    timed: Timed[];
  }
}

export function tapTransfers(): void {
  window.timed = [];
  const pass = (timed: Timed, data: unknown): void => {
    if (typeof data !== 'string') {
      timed.first ??= performance.now();
      timed.bytes += (data as ArrayBuffer | Uint8Array).byteLength;
    } else if ((JSON.parse(data) as { type: string }).type === 'done') {
      timed.done = performance.now();
    }
  };
  const Own = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Own {
    override createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, init);
      if (!label.startsWith('transfer/')) return channel;
      const timed: Timed = { bytes: 0 };
      window.timed.push(timed);
      const send = channel.send.bind(channel) as (data: unknown) => void;
      channel.send = (data: unknown): void => {
        pass(timed, data);
        send(data);
      };
      channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => pass(timed, data));
      return channel;
    }
  };
}
