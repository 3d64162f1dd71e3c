/** Folder of this origin's own files that holds downloads until the browser has taken them. */
export const FOLDER = 'downloads';
