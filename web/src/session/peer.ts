/** The page's end of the peer connection: it offers to receive one picture and one sound, and a `control` channel. */

import type { Sealed } from '../signal/sealed';

export interface PeerListener {
  /** A candidate of ours, to be sent once the offer was; candidates found before are in the offer. */
  candidate(message: Sealed): void;
  /** Datagrams come through. */
  connected(): void;
  /** It will not come back. */
  failed(): void;
}

export class Peer {
  readonly control: RTCDataChannel;
  /** Picture and sound, from the beginning: tracks are there before their first packet. */
  readonly stream: MediaStream;
  readonly #connection: RTCPeerConnection;
  readonly #video: RTCRtpTransceiver;
  #offered = false;
  /** Candidates of the device's that came before its answer. */
  #early: RTCIceCandidateInit[] = [];

  constructor(listener: PeerListener) {
    const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
    this.#connection = connection;
    // Sound first: the first section carries the addresses of all, and a picture may be refused (no H.264 here).
    const audio = connection.addTransceiver('audio', { direction: 'recvonly' });
    this.#video = connection.addTransceiver('video', { direction: 'recvonly' });
    preferH264(this.#video);
    // The picture is shown when it is there; not every browser knows this wish.
    if ('jitterBufferTarget' in this.#video.receiver) this.#video.receiver.jitterBufferTarget = 0;
    this.stream = new MediaStream([this.#video.receiver.track, audio.receiver.track]);
    this.control = connection.createDataChannel('control', { ordered: true });
    connection.onicecandidate = ({ candidate }) => {
      if (this.#offered) listener.candidate(candidate ? candidateMessage(candidate) : { kind: 'end-of-candidates' });
    };
    connection.onconnectionstatechange = () => {
      const state = connection.connectionState;
      if (state === 'connected') listener.connected();
      // A device that the browser itself has missed for seconds is not waited for until it gives up.
      if (state === 'failed' || state === 'disconnected') listener.failed();
    };
  }

  /** Begins to gather candidates, with the STUN server's help where there is one. */
  async prepare(stun: string | undefined): Promise<void> {
    if (stun !== undefined) this.#useStun(stun);
    const offer = await this.#connection.createOffer();
    try {
      await this.#connection.setLocalDescription({ type: 'offer', sdp: withRoundTrips(offer.sdp ?? '') });
    } catch {
      // A browser that takes its own words only.
      await this.#connection.setLocalDescription(offer);
    }
  }

  /** The offer as it stands, with the candidates found so far. What is found later goes to the listener. */
  offer(): Sealed {
    this.#offered = true;
    return { kind: 'offer', sdp: this.#connection.localDescription?.sdp ?? '' };
  }

  async receive(message: Sealed): Promise<void> {
    if (message.kind === 'answer') {
      await this.#connection.setRemoteDescription({ type: 'answer', sdp: message.sdp });
      const early = this.#early;
      this.#early = [];
      for (const candidate of early) await this.#add(candidate);
    } else if (message.kind === 'candidate') {
      const { candidate, sdpMid = null, sdpMLineIndex = null } = message;
      await this.#add({ candidate, sdpMid: sdpMid ?? (sdpMLineIndex === null ? '0' : null), sdpMLineIndex });
    }
  }

  /** Whether the device agreed to send a picture. */
  get hasPicture(): boolean {
    const direction = this.#video.currentDirection;
    return direction === 'recvonly' || direction === 'sendrecv';
  }

  /** One more data channel, reliable and ordered. Throws when the connection is closed. */
  open(label: string): RTCDataChannel {
    return this.#connection.createDataChannel(label, { ordered: true });
  }

  stats(): Promise<RTCStatsReport> {
    return this.#connection.getStats();
  }

  close(): void {
    this.#connection.onicecandidate = null;
    this.#connection.onconnectionstatechange = null;
    this.control.onclose = null;
    this.#connection.close();
  }

  #useStun(stun: string): void {
    try {
      this.#connection.setConfiguration({ bundlePolicy: 'max-bundle', iceServers: [{ urls: stun }] });
    } catch {
      // A browser that cannot change it goes on with its own addresses: on one network these suffice.
    }
  }

  async #add(candidate: RTCIceCandidateInit): Promise<void> {
    if (!this.#connection.remoteDescription) {
      if (this.#early.length < 64) this.#early.push(candidate);
      return;
    }
    try {
      await this.#connection.addIceCandidate(candidate);
    } catch {
      // One address that this browser does not understand is one way less, not the end.
    }
  }
}

/** Only what the device sends: a short offer is answered sooner. A browser without H.264 offers what it has. */
function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const h264 = codecs.filter(
    ({ mimeType, sdpFmtpLine = '' }) =>
      mimeType.toLowerCase() === 'video/h264' && sdpFmtpLine.includes('packetization-mode=1'),
  );
  if (h264.length === 0) return;
  const repair = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === 'video/rtx');
  try {
    transceiver.setCodecPreferences([...h264, ...repair]);
  } catch {
    // Then the offer names all that the browser has.
  }
}

/**
 * The offer, with the wish to measure round trips of the picture (RFC 3611 section 4.4), for which Chromium has no other
 * way. With it, what was lost twice is asked for again after a round trip; without, after 100 ms, and the picture stands.
 */
function withRoundTrips(sdp: string): string {
  return sdp.replace(/^a=rtcp-fb:(\d+) nack pli\r\n/gm, (line, type: string) => `${line}a=rtcp-fb:${type} rrtr\r\n`);
}

function candidateMessage({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidate): Sealed {
  if (candidate === '') return { kind: 'end-of-candidates' };
  return {
    kind: 'candidate',
    candidate,
    ...(sdpMid === null ? {} : { sdpMid }),
    ...(sdpMLineIndex === null ? {} : { sdpMLineIndex }),
  };
}
