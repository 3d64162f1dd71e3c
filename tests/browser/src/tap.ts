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
  /** Milliseconds since the epoch of: the page's start, the state changes of the page, the first frame shown. */
  times: { start: number; states: [string, number][]; frame?: number };
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
    times: { start: performance.timeOrigin, states: [] },
    ask: (method, params = {}) =>
      new Promise((resolve, reject) => {
        const channel = tap.channels.at(-1);
        if (channel?.readyState !== 'open') {
          reject(new Error('no control channel is open'));
          return;
        }
        const id = `test-${++count}`;
        waiting.set(id, { resolve, reject });
        setTimeout(() => reject(new Error(`no answer to ${method}`)), 5_000);
        channel.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      }),
  };
  window.tap = tap;

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
      if (tap.times.states.at(-1)?.[0] !== state) tap.times.states.push([state, now()]);
    };
    note();
    new MutationObserver(note).observe(app, { attributes: true, attributeFilter: ['state'] });
    const frame = (): void => {
      const video = deepVideo(document);
      if (video) video.requestVideoFrameCallback(() => (tap.times.frame ??= now()));
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
