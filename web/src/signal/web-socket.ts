import { Inbox } from './inbox';
import { OPEN_WITHIN, type Line } from './line';

/** Opens the WebSocket `/ws`. Rejects when no `welcome` came in time or `signal` aborted. */
export async function openWebSocket(base: URL, signal: AbortSignal): Promise<Line> {
  const address = new URL('ws', base);
  address.protocol = address.protocol === 'http:' ? 'ws:' : 'wss:';
  const socket = new WebSocket(address);
  const inbox = new Inbox(() => socket.close());
  socket.onmessage = (event) => inbox.receive(event.data);
  socket.onclose = () => inbox.end('the server closed the line');
  socket.onerror = () => inbox.end('the server cannot be reached');

  const abort = (): void => inbox.close();
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => inbox.end('the server does not answer'), OPEN_WITHIN);
  try {
    const welcome = await inbox.welcome;
    return {
      welcome,
      get open() {
        return !inbox.ended;
      },
      send: (message) => {
        if (!inbox.ended) socket.send(JSON.stringify(message));
      },
      listen: (listener) => inbox.listen(listener),
      close: () => inbox.close(),
    };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
