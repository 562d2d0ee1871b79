/** A path below a directory, or the path itself where it is absolute; `.` and `..` resolved. '' is a directory that is not known. */
export function join(directory: string, path: string): string {
  const whole = path.startsWith('/') || directory === '' ? path : `${directory}/${path}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part !== '..' || !whole.startsWith('/')) parts.push(part);
  }
  return whole.startsWith('/') ? `/${parts.join('/')}` : parts.join('/');
}

/** The target of a COPY, absolute where the directory is known. A directory, seen by its written form, keeps a slash at its end. */
export function inDirectory(directory: string | undefined, target: string): string {
  if (directory === undefined && !target.startsWith('/')) return target;
  const joined = join(directory ?? '', target);
  const isDirectory = /(?:^|\/)\.{0,2}$/.test(target);
  if (joined === '') return './';
  return isDirectory && !joined.endsWith('/') ? `${joined}/` : joined;
}
