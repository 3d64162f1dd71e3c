/**
 * Streams downloads to the browser's own, so that they go to the disk as they come. It answers for addresses below
 * `download/` alone, never for the page. It imports nothing: some browsers take service workers of one script only.
 */

interface Offered {
  port: MessagePort;
  name: string;
  size: number;
}

interface FetchEvent extends Event {
  request: Request;
  respondWith(response: Response): void;
}

interface Scope extends EventTarget {
  registration: { scope: string };
  skipWaiting(): Promise<void>;
}

const scope = self as unknown as Scope;
/** Offered and not fetched yet; the oldest go first. */
const offered = new Map<string, Offered>();
const MAX_OFFERED = 16;

scope.addEventListener('install', () => void scope.skipWaiting());

scope.addEventListener('message', (event) => {
  const { data, ports } = event as MessageEvent<{ key?: unknown; name?: unknown; size?: unknown } | undefined>;
  const [port] = ports;
  // A page says something now and then only so that this worker is not ended.
  if (!port || typeof data?.key !== 'string') return;
  for (const key of [...offered.keys()].slice(0, Math.max(0, offered.size + 1 - MAX_OFFERED))) offered.delete(key);
  offered.set(data.key, { port, name: String(data.name), size: Number(data.size) });
  port.postMessage('ready');
});

scope.addEventListener('fetch', (event) => {
  const fetching = event as FetchEvent;
  const key = fetching.request.url.slice(scope.registration.scope.length);
  const found = offered.get(key);
  if (!found) return;
  offered.delete(key);
  fetching.respondWith(answer(found));
});

/** It is never opened in this origin, whatever it is. */
function answer({ port, name, size }: Offered): Response {
  return new Response(streamOf(port), {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(size),
      'content-disposition': `attachment; filename*=UTF-8''${attribute(name)}`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    },
  });
}

function streamOf(port: MessagePort): ReadableStream<Uint8Array> {
  let came: (() => void) | undefined;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        port.onmessage = ({ data }: MessageEvent<unknown>) => {
          if (data instanceof Uint8Array) controller.enqueue(data);
          else if (data === 'end') controller.close();
          else if (data === 'abort') controller.error(new Error('given up'));
          came?.();
        };
      },
      pull: async () => {
        port.postMessage('more');
        await new Promise<void>((resolve) => (came = resolve));
      },
      cancel: () => port.postMessage('cancel'),
    },
    { highWaterMark: 2 },
  );
}

/** RFC 8187 section 3.2. */
function attribute(name: string): string {
  return encodeURIComponent(name).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
