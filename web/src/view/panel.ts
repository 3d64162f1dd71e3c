/** What is open beside the picture; nothing, when it is empty. */
export type Panel = '' | 'chat' | 'files';
