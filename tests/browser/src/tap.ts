/**
 * What runs in the page before the page's own code: it listens at the page's peer connections and control channels,
 * and changes nothing about them. Playwright and Puppeteer send it as text, so it may use nothing from outside.
 */

export interface Tap {
  /** Every peer connection that the page made, in order. */
  connections: RTCPeerConnection[];
  /** Every control channel. */
  channels: RTCDataChannel[];
  /** Notifications heard on them: method and parameters, the latest of each method. */
  heard: Record<string, unknown>;
  /**
   * What happened, milliseconds since the epoch: `start` (of the navigation), `knock`, `prove` and other messages when sent,
   * `<reply`, `<relay` and others when received, states of ICE (`ice connected`) and of the connection (`connected`),
   * `frame` when the first frame is shown.
   */
  marks: [string, number][];
  /** States of the page, with the time of each. */
  states: [string, number][];
  /** Asks the device on the newest control channel; rejects with its error, or after 5 s. */
  ask(method: string, params?: unknown): Promise<unknown>;
}

declare global {
  interface Window {
    tap: Tap;
  }
}

export function tapPage(): void {
  const now = (): number => performance.timeOrigin + performance.now();
  const waiting = new Map<string, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let count = 0;
  const tap: Tap = {
    connections: [],
    channels: [],
    heard: {},
    marks: [['start', performance.timeOrigin]],
    states: [],
    ask: (method, params = {}) =>
      new Promise((resolve, reject) => {
        const channel = tap.channels.at(-1);
        if (!channel || channel.readyState === 'closing' || channel.readyState === 'closed') {
          reject(new Error('no control channel is open'));
          return;
        }
        const id = `test-${++count}`;
        waiting.set(id, { resolve, reject });
        setTimeout(() => reject(new Error(`no answer to ${method}`)), 5_000);
        const send = (): void => channel.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
        // The picture may be there before the channel is.
        if (channel.readyState === 'open') send();
        else channel.addEventListener('open', send, { once: true });
      }),
  };
  window.tap = tap;
  const mark = (name: string): void => void tap.marks.push([name, now()]);

  const Line = window.WebSocket;
  window.WebSocket = class extends Line {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      mark('socket');
      this.addEventListener('close', ({ code }) => mark(`socket closed ${code}`));
      this.addEventListener('message', ({ data }) => mark(`<${typeOf(data)}`));
    }
    override send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
      mark(typeOf(data));
      super.send(data as string);
    }
  };
  const typeOf = (data: unknown): string => (JSON.parse(String(data)) as { type: string }).type;

  const hear = (event: MessageEvent<unknown>): void => {
    if (typeof event.data !== 'string') return;
    const message = JSON.parse(event.data) as Record<string, unknown>;
    if (typeof message.method === 'string') tap.heard[message.method] = message.params;
    const waiter = waiting.get(String(message.id));
    if (!waiter) return;
    waiting.delete(String(message.id));
    if (message.error) waiter.reject(new Error(JSON.stringify(message.error)));
    else waiter.resolve(message.result);
  };

  const Own = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Own {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      tap.connections.push(this);
      this.addEventListener('iceconnectionstatechange', () => mark(`ice ${this.iceConnectionState}`));
      this.addEventListener('connectionstatechange', () => mark(this.connectionState));
    }
    override createDataChannel(label: string, init?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, init);
      if (label === 'control') {
        tap.channels.push(channel);
        channel.addEventListener('message', hear);
      }
      return channel;
    }
  };

  const watch = (): void => {
    const app = document.querySelector('watchword-app');
    if (!app) {
      requestAnimationFrame(watch);
      return;
    }
    const note = (): void => {
      const state = app.getAttribute('state') ?? '';
      if (tap.states.at(-1)?.[0] !== state) tap.states.push([state, now()]);
    };
    note();
    new MutationObserver(note).observe(app, { attributes: true, attributeFilter: ['state'] });
    const frame = (): void => {
      const video = deepVideo(document);
      if (video) video.requestVideoFrameCallback(() => mark('frame'));
      else requestAnimationFrame(frame);
    };
    frame();
  };
  const deepVideo = (root: ParentNode): HTMLVideoElement | null => {
    const own = root.querySelector('video');
    if (own) return own;
    for (const element of root.querySelectorAll('*')) {
      const inner = element.shadowRoot && deepVideo(element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  if (typeof document !== 'undefined') watch();
}
