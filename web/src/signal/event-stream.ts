import { Inbox } from './inbox';
import { OPEN_WITHIN, type Line } from './line';
import type { ToServer } from './messages';

/** Opens `GET /events` and sends by `POST /messages`. Rejects as `openWebSocket` does. */
export async function openEventStream(base: URL, signal: AbortSignal): Promise<Line> {
  const source = new EventSource(new URL('events', base));
  const posts = new AbortController();
  const inbox = new Inbox(() => {
    source.close();
    // What is on its way (a `leave`, say) may still arrive.
    setTimeout(() => posts.abort(), OPEN_WITHIN);
  });
  source.onmessage = (event: MessageEvent<unknown>) => inbox.receive(event.data);
  // A new stream would be a new handle: reconnecting is the session's matter, not EventSource's.
  source.onerror = () => inbox.end('the server cannot be reached');

  const abort = (): void => inbox.close();
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => inbox.end('the server does not answer'), OPEN_WITHIN);
  try {
    const welcome = await inbox.welcome;
    if (welcome.stream === undefined) throw new Error('the server gave no name to this stream');
    const post = poster(new URL('messages', base), welcome.stream, posts.signal, inbox);
    return {
      welcome,
      get open() {
        return !inbox.ended;
      },
      send: (message) => {
        if (!inbox.ended) post(message);
      },
      listen: (listener) => inbox.listen(listener),
      close: () => inbox.close(),
    };
  } catch (error) {
    inbox.close();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** One POST after the other: two at once may overtake each other, and sealed messages count. */
function poster(address: URL, stream: string, signal: AbortSignal, inbox: Inbox): (message: ToServer) => void {
  let last: Promise<void> = Promise.resolve();
  return (message) => {
    last = last.then(async () => {
      if (signal.aborted) return;
      try {
        const answer = await fetch(address, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-watchword-stream': stream },
          body: JSON.stringify(message),
          cache: 'no-store',
          keepalive: message.type === 'leave',
          signal,
        });
        if (!answer.ok) inbox.end('the server did not take the message');
      } catch {
        inbox.end('the server cannot be reached');
      }
    });
  };
}
