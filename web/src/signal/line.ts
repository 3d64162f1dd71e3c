/**
 * The line to the rendezvous: a WebSocket, or, where the browser refuses one (Safari does on a self-signed
 * certificate), the same messages by POST and an event stream.
 */

import { openEventStream } from './event-stream';
import type { FromServer, ToServer, Welcome } from './messages';
import { openWebSocket } from './web-socket';

/** What the owner of a line hears from it. `closed` is the last, and is not said after the owner's own `close`. */
export interface LineListener {
  message(message: FromServer): void;
  closed(): void;
}

export interface Line {
  readonly welcome: Welcome;
  readonly open: boolean;
  /** Sends in order. On a line that is closed already this does nothing: `closed` was said. */
  send(message: ToServer): void;
  /** Names who hears the line from now on; what came before is given at once. */
  listen(listener: LineListener): void;
  close(): void;
}

/** How long a line may take until its `welcome`, milliseconds. (The system sends a lost SYN again after 1 s.) */
export const OPEN_WITHIN = 2_500;

let webSocketsWork = false;

/** Opens a line. Rejects when there is none in time (2.5 s for each way tried), or when `signal` aborts. */
export async function openLine(base: URL, signal: AbortSignal): Promise<Line> {
  try {
    const line = await openWebSocket(base, signal);
    webSocketsWork = true;
    return line;
  } catch (error) {
    // A browser whose WebSockets worked before has none now because nobody is there, not because it refuses them.
    if (webSocketsWork || signal.aborted) throw error;
    return await openEventStream(base, signal);
  }
}
