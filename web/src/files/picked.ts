/** What a person drops on the page, or chooses: files, and folders with all that is in them. */

export interface Picked {
  /** Names of folders from where it was picked, and its own. */
  path: readonly string[];
  file: File;
  /** By which the file is found again after a reload, where the browser gives one. */
  handle: FileSystemFileHandle | undefined;
}

export interface Selection {
  files: Picked[];
  /** Folders with nothing in them. */
  emptyFolders: (readonly string[])[];
  /** There was more than this page takes at once. */
  cut: boolean;
  /** Files and folders that the browser could not read. */
  unreadable: number;
}

/** Files taken of one drop or choice. */
export const MAX_PICKED = 10_000;
const MAX_DEPTH = 64;

/** To be called while the drop is being handled: a browser forgets what was dropped at its end. */
export function dropped(transfer: DataTransfer): Promise<Selection> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const roots = items.map((item) => ({
    handle: item.getAsFileSystemHandle?.().catch(() => null),
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }));
  return collect(async (walk) => {
    for (const { handle: coming, entry, file } of roots) {
      const handle = await coming;
      if (handle) await walk.handle(handle, []);
      else if (entry) await walk.entry(entry, []);
      else if (file) walk.add({ path: [file.name], file, handle: undefined });
    }
  });
}

/** Of an input for files, or for a folder. */
export function chosen(files: FileList): Promise<Selection> {
  return collect((walk) => {
    for (const file of files) {
      const path = file.webkitRelativePath === '' ? [file.name] : file.webkitRelativePath.split('/');
      walk.add({ path, file, handle: undefined });
    }
    return Promise.resolve();
  });
}

async function collect(gather: (walk: Walk) => Promise<void>): Promise<Selection> {
  const walk = new Walk();
  await gather(walk);
  return walk.selection;
}

class Walk {
  readonly selection: Selection = { files: [], emptyFolders: [], cut: false, unreadable: 0 };

  get full(): boolean {
    return this.selection.cut;
  }

  add(picked: Picked): void {
    if (this.selection.files.length >= MAX_PICKED) this.selection.cut = true;
    else this.selection.files.push(picked);
  }

  /** What cannot be read is passed over, and counted. */
  async handle(handle: FileSystemHandle, above: readonly string[]): Promise<void> {
    if (this.full) return;
    await this.#handle(handle, [...above, handle.name]).catch(() => this.selection.unreadable++);
  }

  async entry(entry: FileSystemEntry, above: readonly string[]): Promise<void> {
    if (this.full) return;
    await this.#entry(entry, [...above, entry.name]).catch(() => this.selection.unreadable++);
  }

  async #handle(handle: FileSystemHandle, path: readonly string[]): Promise<void> {
    if (handle.kind === 'file') {
      const file = handle as FileSystemFileHandle;
      this.add({ path, file: await file.getFile(), handle: file });
      return;
    }
    if (this.#tooDeep(path)) return;
    let empty = true;
    for await (const inner of (handle as FileSystemDirectoryHandle).values()) {
      empty = false;
      await this.handle(inner, path);
    }
    if (empty) this.selection.emptyFolders.push(path);
  }

  async #entry(entry: FileSystemEntry, path: readonly string[]): Promise<void> {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      this.add({ path, file, handle: undefined });
      return;
    }
    if (this.#tooDeep(path)) return;
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    let empty = true;
    // It tells of a hundred at a time, and of none when it is at its end.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      empty = false;
      for (const inner of some) await this.entry(inner, path);
    }
    if (empty) this.selection.emptyFolders.push(path);
  }

  #tooDeep(path: readonly string[]): boolean {
    if (path.length < MAX_DEPTH) return false;
    this.selection.cut = true;
    return true;
  }
}
