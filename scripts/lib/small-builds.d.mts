/** Writes a package for each of two builds into `folder`; older first. */
export function smallBuilds(folder: string): Promise<{ version: string; release: string; files: string[] }[]>
