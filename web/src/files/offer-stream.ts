/** The page's side of the service worker: offers it a download, and has the browser fetch it. */

/** A service worker that nobody speaks to is ended by the browser, milliseconds. */
const KEEP_AWAKE = 10_000;
/** Longest time for the worker to begin and to answer, milliseconds. */
const ANSWER_WITHIN = 3_000;

export interface Stream {
  /** Its other end is the service worker's. */
  port: MessagePort;
  /** Has the browser fetch it. */
  begin(): void;
  /** Nothing more is sent. */
  end(): void;
}

let registered: Promise<ServiceWorkerRegistration | undefined> | undefined;

/** Undefined where the browser has no service workers here (a self-signed certificate, a private window). */
export async function offerStream(name: string, size: number): Promise<Stream | undefined> {
  const registration = await (registered ??= register());
  const worker = registration?.active;
  if (!registration || !worker) return undefined;
  const { port1, port2 } = new MessageChannel();
  const key = crypto.randomUUID();
  const ready = new Promise<boolean>((resolve) => {
    port2.onmessage = () => resolve(true);
    setTimeout(() => resolve(false), ANSWER_WITHIN);
  });
  worker.postMessage({ key, name, size }, [port1]);
  if (!(await ready)) return undefined;
  port2.onmessage = null;
  const awake = setInterval(() => worker.postMessage('awake'), KEEP_AWAKE);
  return {
    port: port2,
    // What is answered as an attachment leaves the page where it is.
    begin: () => location.assign(registration.scope + key),
    end: () => clearInterval(awake),
  };
}

async function register(): Promise<ServiceWorkerRegistration | undefined> {
  try {
    const container = (navigator as Partial<Navigator>).serviceWorker;
    const registration = await container?.register('./downloads.js', { scope: './download/' });
    if (!registration) return undefined;
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    if (worker && worker.state !== 'activated') await activated(worker);
    return registration;
  } catch {
    return undefined;
  }
}

function activated(worker: ServiceWorker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.addEventListener('statechange', () => {
      if (worker.state === 'activated') resolve();
      if (worker.state === 'redundant') reject(new Error('it could not be installed'));
    });
    setTimeout(() => reject(new Error('it does not begin')), ANSWER_WITHIN);
  });
}
