/** Lines of the chat that the page carries out itself: what they need is here, not at the device. */

/** Each answers with a sentence; what is rejected is one too. */
export interface PageCommands {
  put(): string;
  get(path: string): Promise<string>;
  snapshot(): string;
}

/** The answer to a line; undefined for a line that is the device's to answer. */
export async function carryOut(line: string, commands: PageCommands): Promise<string | undefined> {
  const [, name, rest] = /^\/(\S+)\s*(.*)$/s.exec(line.trim()) ?? [];
  try {
    switch (name) {
      case 'put':
        return commands.put();
      case 'get':
        return rest === undefined || rest === '' ? 'Which file? /get PATH' : await commands.get(rest);
      case 'snapshot':
        return commands.snapshot();
      case undefined:
      default:
        return undefined;
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether the page carries this line out. */
export function isOfPage(line: string): boolean {
  return /^\/(put|get|snapshot)(\s|$)/.test(line.trim());
}
