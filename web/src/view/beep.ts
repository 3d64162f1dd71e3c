/** A short sound for a message that nobody is looking at. */

export class Beep {
  #context: AudioContext | undefined;

  /** To be called while a click or a key is being handled: before one, browsers allow no sound. */
  async allow(): Promise<void> {
    this.#context ??= new AudioContext();
    if (this.#context.state !== 'running') await this.#context.resume();
  }

  play(): void {
    const context = this.#context;
    if (context?.state !== 'running') return;
    const [tone, volume] = [new OscillatorNode(context, { frequency: 880 }), new GainNode(context, { gain: 0 })];
    const now = context.currentTime;
    // It swells and fades: a tone that is cut clicks.
    volume.gain.setTargetAtTime(0.15, now, 0.01);
    volume.gain.setTargetAtTime(0, now + 0.09, 0.04);
    tone.connect(volume).connect(context.destination);
    tone.start(now);
    tone.stop(now + 0.35);
  }
}
