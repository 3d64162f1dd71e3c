import { LitElement, type PropertyDeclarations, type PropertyValues } from 'lit';
import type { Viewer } from '../session/viewer';

/** A component that shows a `Viewer`, and is drawn again whenever that changes. */
export class ViewerElement extends LitElement {
  static override properties: PropertyDeclarations = { viewer: { attribute: false } };
  declare viewer: Viewer | undefined;
  #followed: Viewer | undefined;
  readonly #redraw = (): void => this.requestUpdate();

  override connectedCallback(): void {
    super.connectedCallback();
    this.#follow(this.viewer);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#follow(undefined);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('viewer')) this.#follow(this.viewer);
  }

  #follow(viewer: Viewer | undefined): void {
    this.#followed?.removeEventListener('change', this.#redraw);
    viewer?.addEventListener('change', this.#redraw);
    this.#followed = viewer;
  }
}
